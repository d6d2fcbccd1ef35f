/** What goes with a {@link HoldfastError} beside its code and message. */
export interface HoldfastErrorOptions {
  /** What went wrong underneath, kept for the log. */
  readonly cause?: unknown
}

/**
 * A failure of a service, its configuration or its surroundings, as opposed to a problem, which is an
 * answer to a caller. The message says what is wrong, where, and how to mend it.
 */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'
  /** Stable and documented in docs/errors.md: programs may depend on it, unlike on the message. */
  readonly code: string

  constructor(code: string, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
  }
}

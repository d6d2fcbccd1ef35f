/** Options of {@link HoldfastError}. */
export interface HoldfastErrorOptions {
  /** The underlying error, kept for the log. */
  readonly cause?: unknown
}

/**
 * A failure of a service, its configuration or its environment. A problem, in contrast, is an
 * answer to a caller. The message says what is wrong, where, and how to fix it.
 *
 * @example
 * ```ts
 * import { showJob } from 'holdfast/jobs'
 *
 * const job = await showJob(pool, uuidv7()).catch((error: unknown) => {
 *   if (error instanceof HoldfastError && error.code === 'job-unknown') return undefined
 *   throw error
 * })
 * ```
 */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError'
  /**
   * The code, stable and documented in docs/errors.md. Programs may depend on it, but not on the
   * message.
   */
  readonly code: string

  constructor(code: string, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
  }
}

/**
 * The refusal of a token. The message is for the log; the client learns only that the token is
 * invalid, or that it has expired.
 */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  /** True if the token was valid until it expired. */
  readonly hasExpired: boolean

  /** `reason` must not contain a part of the token that could be secret. */
  constructor(
    reason: string,
    { hasExpired = false, cause }: { readonly hasExpired?: boolean; readonly cause?: unknown } = {},
  ) {
    super(reason, cause === undefined ? undefined : { cause })
    this.hasExpired = hasExpired
  }
}

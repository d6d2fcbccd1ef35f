/** Options of {@link TokenRefused}. */
export interface TokenRefusedOptions {
  readonly hasExpired?: boolean
  readonly isProof?: boolean
  readonly cause?: unknown
}

/**
 * The refusal of a token. The message is for the log; the client learns only that the token is
 * invalid, or that it has expired.
 */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused'
  /** True if the token was valid until it expired. */
  readonly hasExpired: boolean

  /** True if the DPoP proof of the token was refused. */
  readonly isProof: boolean

  /** `reason` must not contain a part of the token that could be secret. */
  constructor(reason: string, { hasExpired = false, isProof = false, cause }: TokenRefusedOptions = {}) {
    super(reason, cause === undefined ? undefined : { cause })
    this.hasExpired = hasExpired
    this.isProof = isProof
  }
}

import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/** Returns the error for an issuer whose keys cannot be loaded. The client is not at fault. */
export function issuerUnavailable(message: string, cause?: unknown): HoldfastError {
  return new HoldfastError('issuer-unavailable', message, { cause })
}

/** Returns true for the error of an issuer whose keys cannot be loaded. */
export function isIssuerUnavailable(error: unknown): error is HoldfastError {
  return error instanceof HoldfastError && error.code === 'issuer-unavailable'
}

import { HoldfastError } from 'holdfast'

const code = 'usage-invalid'

/** Returns the error of an invalid command line. */
export function usageInvalid(message: string): HoldfastError {
  return new HoldfastError(code, message)
}

/** Returns true if the command line itself was invalid, rather than the data that it refers to. */
export function isUsageInvalid(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === code
}

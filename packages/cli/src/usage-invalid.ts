import { HoldfastError } from 'holdfast'

const code = 'usage-invalid'

/** Returns the error of an invalid command line. */
export function usageInvalid(message: string): HoldfastError {
  return new HoldfastError(code, message)
}

/** Returns whether the command line was invalid, rather than what it asked for. */
export function isUsageInvalid(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === code
}

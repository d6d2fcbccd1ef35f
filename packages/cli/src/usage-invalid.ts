import { HoldfastError } from 'holdfast'

const code = 'usage-invalid'

/** The error of a command line that means nothing. */
export function usageInvalid(message: string): HoldfastError {
  return new HoldfastError(code, message)
}

/** Whether it was the command line that was wrong, and not what it asked for. */
export function isUsageInvalid(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === code
}

/**
 * Returns the `code` of a system error such as `'ENOENT'`; `undefined` if the error has no code.
 */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * Runs an action. Returns false if it fails with one of the `tolerated` codes. Throws any other
 * failure.
 */
export function attempt(action: () => void, tolerated: readonly string[]): boolean {
  try {
    action()
    return true
  } catch (error) {
    if (tolerated.includes(errorCode(error) ?? '')) return false
    throw error
  }
}

/** The `code` of a system error such as `'ENOENT'`; `undefined` for a failure that has none. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Does something that may fail with one of these codes: whether it was done. Any other failure is thrown. */
export function attempt(action: () => void, tolerated: readonly string[]): boolean {
  try {
    action()
    return true
  } catch (error) {
    if (tolerated.includes(errorCode(error) ?? '')) return false
    throw error
  }
}

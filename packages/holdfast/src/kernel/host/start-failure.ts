import { type Logger, toLogFields } from '../base/log.ts'

/**
 * Runs a start. If it fails, throws the reason. Errors from closing what was already started are
 * only logged, so they do not hide the reason.
 */
export async function throwReason<T>(log: Logger, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    const [reason, ...closing] = failuresIn(error)
    for (const failure of closing)
      log.error({ error: toLogFields(failure) }, 'a start failed, and closing what it had opened failed too')
    throw reason
  }
}

/** Returns the reason for a failed start, followed by the errors from closing what was started. */
function failuresIn(error: unknown): readonly unknown[] {
  return error instanceof SuppressedError
    ? [...failuresIn(error.suppressed), ...failuresIn(error.error)]
    : [error]
}

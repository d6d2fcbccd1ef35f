import { type Logger, toLogFields } from '../base/log.ts'

/**
 * Runs a start. If it fails, throws the reason, even if closing what had started fails as well:
 * those failures are logged, so that they do not hide the reason.
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

/** Returns the reason of a failure, then the failures to close what had started. */
function failuresIn(error: unknown): readonly unknown[] {
  return error instanceof SuppressedError
    ? [...failuresIn(error.suppressed), ...failuresIn(error.error)]
    : [error]
}

import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/** The reason of a wait that was given up because the server did not answer. */
export const unanswered: HoldfastError = new HoldfastError(
  'database-timeout',
  'The database timed out; the connection was closed.',
)

/**
 * Waits for the server's answer up to a timeout, because the network may fail silently. Rejects
 * with {@link unanswered} on timeout.
 */
export function withTimeout<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(unanswered), ms)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Returns whether the server answers in time, with a result or an error. */
export function settlesWithinMs(answer: Promise<unknown>, ms: number): Promise<boolean> {
  return withTimeout(answer, ms).then(
    () => true,
    (error: unknown) => error !== unanswered,
  )
}

import { HoldfastError } from '../kernel/holdfast-error.ts'

/** The reason of what was given up since the server has not answered. */
export const unanswered: HoldfastError = new HoldfastError(
  'database-unanswered',
  'The database did not answer in time; its connection was closed.',
)

/** Waits for an answer of the server, but not for ever: the network may be gone without a word. Rejects with {@link unanswered}. */
export function withPatience<T>(answer: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(unanswered), ms)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** Whether the server answers in time, whatever it says. */
export function isAnsweredWithin(answer: Promise<unknown>, ms: number): Promise<boolean> {
  return withPatience(answer, ms).then(
    () => true,
    (error: unknown) => error !== unanswered,
  )
}

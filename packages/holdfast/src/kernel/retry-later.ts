/** Options of {@link RetryLater}. */
export interface RetryLaterOptions extends ErrorOptions {
  /**
   * Whether it counts as one of the job's attempts. Default false. Choose true if the job has failed, and the delay only replaces
   * that of its retry policy; otherwise a job that fails each time goes on for as long as {@link maxSnoozes} lets it.
   */
  readonly countsAsAttempt?: boolean
}

/**
 * How often a job may snooze. Each time after that counts as an attempt, so that a job that never gets further ends as a dead
 * one, which is seen.
 */
export const maxSnoozes = 1_000

/**
 * Thrown by a job that knows when it is worth running again: after a `Retry-After`, for one, or when a third party is not ready.
 * The job snoozes until then, which does not cost an attempt, a thousand times at most.
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
  /** The delay until the job runs again, in milliseconds. */
  readonly delayMs: number
  readonly countsAsAttempt: boolean

  constructor(
    delayMs: number,
    message: string,
    { countsAsAttempt = false, ...options }: RetryLaterOptions = {},
  ) {
    super(message, options)
    this.delayMs = delayMs
    this.countsAsAttempt = countsAsAttempt
  }
}

import { type Duration, toMilliseconds } from '../base/duration.ts'

/** Options of {@link RetryLater}. */
export interface RetryLaterOptions extends ErrorOptions {
  /**
   * True if the delay counts as one of the job's attempts. Default false. Set it to true to fail
   * the attempt as usual, but with this delay instead of the retry policy's delay. If false, a job
   * that is always delayed snoozes 1,000 times before the delays count as attempts.
   */
  readonly countsAsAttempt?: boolean
}

/**
 * Max number of times that a job snoozes without using an attempt. Each later snooze uses an
 * attempt, so a job that never makes progress eventually becomes dead, and an operator notices it.
 */
export const maxSnoozes = 1_000

/**
 * Throw this in a job to choose when it runs again, for example after a `Retry-After` or when a
 * third party is not ready. The job snoozes until then, without using an attempt, up to
 * {@link maxSnoozes} times.
 *
 * @throws HoldfastError `duration-invalid` if the delay is not a duration.
 *
 * @example
 * ```ts
 * job({
 *   name: 'send-mail',
 *   input: z.object({ address: z.string() }),
 *   async run({ signal }) {
 *     const { status } = await fetch('https://mail.example.com', { method: 'POST', signal })
 *     if (status === 429) throw new RetryLater('1m', 'The mail service limits its rate')
 *   },
 * })
 * ```
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
  /** The delay until the job runs again, in milliseconds. */
  readonly delayMs: number
  readonly countsAsAttempt: boolean

  constructor(
    delay: Duration,
    message: string,
    { countsAsAttempt = false, ...options }: RetryLaterOptions = {},
  ) {
    super(message, options)
    this.delayMs = toMilliseconds(delay, { option: 'delay of RetryLater', allowsZero: true })
    this.countsAsAttempt = countsAsAttempt
  }
}

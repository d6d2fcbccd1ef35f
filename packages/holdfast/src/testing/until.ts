import { type Duration, toMilliseconds } from '../kernel/base/duration.ts'
import { pause } from '../kernel/base/wait.ts'
import { HoldfastError } from '../kernel/base/holdfast-error.ts'

/** Options of {@link until}. */
export interface UntilOptions {
  /**
   * Max time to wait. Default `'4m'`. A long timeout delays only failures, because `until` returns
   * as soon as the condition holds. With a short timeout, the test's result would depend on the
   * load of the machine.
   */
  readonly timeout?: Duration
  /** Interval between checks. Default `'10ms'`. */
  readonly every?: Duration
  /** A description of the condition for the error message. Default: the source of the condition. */
  readonly what?: string
}

type Truthy<Value> = Exclude<Value, false | 0 | '' | null | undefined>

/**
 * Waits until a condition holds and returns its value. Use it instead of sleeping.
 *
 * @throws HoldfastError `condition-not-met` on timeout; the condition's last error is its cause.
 *
 * @example
 * ```ts no-run
 * await using tested = await createTestService(shop)
 * await tested.call.placeOrder({ total: 120 })
 *
 * await until(async () => {
 *   const [job] = await tested.sql("select from holdfast.ended_jobs where name = 'send-receipt'")
 *   return job !== undefined
 * })
 * ```
 */
export async function until<Value>(
  condition: () => Value | Promise<Value>,
  options: UntilOptions = {},
): Promise<Truthy<Value>> {
  const { timeout = '4m', every = '10ms', what = condition.toString() } = options
  const timeoutMs = toMilliseconds(timeout, { option: 'timeout' })
  const everyMs = toMilliseconds(every, { option: 'every', allowsZero: true })
  const endMs = performance.now() + timeoutMs
  let cause: unknown
  do {
    try {
      const value = await condition()
      if (value) return value as Truthy<Value>
      cause = undefined
    } catch (error) {
      cause = error
    }
    await pause(everyMs)
  } while (performance.now() < endMs)
  throw new HoldfastError('condition-not-met', `Timed out after ${timeout} waiting for: ${what}`, {
    cause,
  })
}

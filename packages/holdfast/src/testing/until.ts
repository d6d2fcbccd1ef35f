import { HoldfastError } from '../kernel/holdfast-error.ts'

/** Options of {@link until}. */
export interface UntilOptions {
  /**
   * How long to wait, in milliseconds. Default 60,000: a bound for what never happens, since `until` returns as soon as
   * the condition holds. A short one makes the verdict depend on how busy the machine is.
   */
  readonly timeoutMs?: number
  /** How often to look, in milliseconds. Default 10. */
  readonly everyMs?: number
  /** What is waited for, for the message of the failure. Default: the condition's source. */
  readonly what?: string
}

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>

/**
 * Waits until a condition holds, and gives what it gave: instead of sleeping and hoping.
 *
 * @throws HoldfastError `condition-not-met` when the time is over; the last error of the condition is its cause.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Truthy<T>> {
  const { timeoutMs = 60_000, everyMs = 10, what = condition.toString() } = options
  const endMs = performance.now() + timeoutMs
  let cause: unknown
  do {
    try {
      const value = await condition()
      if (value) return value as Truthy<T>
      cause = undefined
    } catch (error) {
      cause = error
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  } while (performance.now() < endMs)
  throw new HoldfastError('condition-not-met', `Waited ${timeoutMs} ms in vain for: ${what}`, { cause })
}

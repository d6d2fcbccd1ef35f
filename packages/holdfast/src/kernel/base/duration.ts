import { HoldfastError } from './holdfast-error.ts'

// Each unit is written out, because editors would otherwise show `${number}${Unit}` instead of the
// name `Duration`.
/** A duration with its unit: `'250ms'`, `'2s'`, `'5m'`, `'1h'` or `'7d'`. */
export type Duration = `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`

const millisecondsPer: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * Parses a {@link Duration} from external text and returns its milliseconds, or `undefined` if the
 * text is not a duration.
 */
export function readDurationMs(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (!parts) return undefined
  return Number(parts[1]) * (millisecondsPer[parts[2]!] ?? 1)
}

/** Rules for a {@link Duration}, and the option's name for the error message. */
export interface DurationRule {
  /** The option with this value, such as `drainDelay`. */
  readonly option: string
  /** True if zero is valid. Default false. */
  readonly allowsZero?: boolean
  /** The max duration. Default: none. */
  readonly max?: Duration
}

/** The max delay of a timer. With a longer delay, timers in Node and browsers fire immediately. */
export const maxTimerDelay: Duration = '24d'

/**
 * Converts a {@link Duration} to milliseconds.
 *
 * @throws HoldfastError `duration-invalid` if the value is not a duration, not above zero, or too
 *   long.
 */
export function toMilliseconds(duration: Duration, rule: DurationRule): number {
  // An untyped caller may pass a number.
  const ms = typeof duration === 'string' ? readDurationMs(duration) : undefined
  const { option, allowsZero = false, max } = rule
  const isValid =
    ms !== undefined && (ms > 0 || allowsZero) && (max === undefined || ms <= (readDurationMs(max) ?? 0))
  if (isValid) return ms
  const bounds = `${allowsZero ? '' : ' above zero'}${max === undefined ? '' : ` of at most ${max}`}`
  throw new HoldfastError(
    'duration-invalid',
    `The option ${option} is ${JSON.stringify(duration)}, which is not a valid duration${bounds && ` ${bounds.trim()}`}. Use a number and a unit: '250ms', '2s', '5m', '1h' or '7d'.`,
  )
}

/**
 * Returns a number of milliseconds as a {@link Duration}, in the largest unit that divides it
 * evenly.
 */
export function toDuration(ms: number): Duration {
  const units = ['d', 'h', 'm', 's'] as const
  const unit = ms === 0 ? 's' : units.find((each) => ms % millisecondsPer[each]! === 0)
  return unit === undefined ? `${ms}ms` : `${ms / millisecondsPer[unit]!}${unit}`
}

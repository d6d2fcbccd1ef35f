import { HoldfastError } from './holdfast-error.ts'

/** A duration with its unit: `'250ms'`, `'2s'`, `'5m'`, `'1h'` or `'7d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

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

/**
 * Converts a {@link Duration} to milliseconds.
 *
 * @throws HoldfastError `duration-invalid` if it is not a duration, or not above zero.
 */
export function toMilliseconds(duration: Duration): number {
  const ms = readDurationMs(duration)
  if (ms === undefined || ms <= 0) {
    throw new HoldfastError(
      'duration-invalid',
      `${JSON.stringify(duration)} is not a valid duration. Use a number above zero and a unit: 250ms, 2s, 5m, 1h or 7d.`,
    )
  }
  return ms
}

import { median } from './median.ts'

/** Returns the median of some times in seconds, in whole microseconds. */
export function toMicroseconds(seconds: readonly number[]): string {
  return (median(seconds) * 1e6).toFixed(0)
}

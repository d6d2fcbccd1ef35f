import { durationMs } from 'holdfast/settings'

const day = /^\d{4}-\d{2}-\d{2}$/
const timeWithOffset = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/

/**
 * Parses an ISO 8601 time or an age; returns `undefined` for any other text. A time needs an
 * offset, because without an offset its meaning would depend on the machine.
 */
export function readTime(text: string, nowMs: number): Date | undefined {
  if (day.test(text) || timeWithOffset.test(text)) {
    const time = new Date(text)
    return Number.isNaN(time.getTime()) ? undefined : time
  }
  const agoMs = readDurationMs(text)
  return agoMs === undefined ? undefined : new Date(nowMs - agoMs)
}

/** Parses a duration as milliseconds; returns `undefined` for any other text. */
export function readDurationMs(text: string): number | undefined {
  const result = durationMs()['~standard'].validate(text)
  return result instanceof Promise || result.issues ? undefined : result.value
}

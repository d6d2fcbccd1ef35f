import type { Attributes } from '../kernel/span.ts'

/** The series of one instrument, by their attributes. */
export interface SeriesTable<S> {
  with(attributes: Attributes): S
  readonly all: Iterable<S>
}

/** What all attributes beyond the limit come to, as OpenTelemetry's specification calls it. */
export const overflowAttributes: Attributes = { 'otel.metric.overflow': true }

/**
 * Makes a table of at most `limit` series: attributes that take ever new values must not fill the memory. What comes after is
 * one series of its own, so that totals stay right.
 */
export function createSeriesTable<S>(limit: number, create: (attributes: Attributes) => S): SeriesTable<S> {
  const series = new Map<string, S>()
  let overflow: S | undefined
  return {
    with(attributes) {
      const key = keyOf(attributes)
      const known = series.get(key)
      if (known) return known
      if (series.size >= limit - 1) return (overflow ??= create(overflowAttributes))
      const made = create({ ...attributes })
      series.set(key, made)
      return made
    },
    get all() {
      return overflow ? [...series.values(), overflow] : series.values()
    },
  }
}

/** The same for equal attributes, whatever their order. */
export function keyOf(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

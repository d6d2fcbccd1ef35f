import type { Attributes } from '../../../kernel/telemetry/span.ts'

/** The series of one instrument, by their attributes. */
export interface SeriesTable<Series> {
  with(attributes: Attributes): Series
  readonly all: Iterable<Series>
}

/** The attributes that OpenTelemetry's specification defines for the overflow series. */
export const overflowAttributes: Attributes = { 'otel.metric.overflow': true }

/**
 * Creates a table of at most `limit` series, so that attributes with an unlimited number of values
 * do not fill the memory. Further series share one overflow series, so that totals stay correct.
 */
export function createSeriesTable<Series>(
  limit: number,
  create: (attributes: Attributes) => Series,
): SeriesTable<Series> {
  const series = new Map<string, Series>()
  let overflow: Series | undefined
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

/** Returns the same key for equal attributes, regardless of their order. */
export function keyOf(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

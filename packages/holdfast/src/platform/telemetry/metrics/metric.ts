import type { Attributes } from '../../../kernel/telemetry/span.ts'
import type { InstrumentDefinition } from '../../../kernel/telemetry/telemetry.ts'

/** A value measured within a span, kept as an example. */
export interface Exemplar {
  readonly value: number
  /** The time of the measurement, in milliseconds since `performance.timeOrigin`. */
  readonly atMs: number
  readonly traceId: string
  readonly spanId: string
}

/** The distribution of the values with one set of attributes. */
export interface HistogramPoint {
  readonly attributes: Attributes
  readonly count: number
  readonly sum: number
  /** The min value; zero if there are no values. */
  readonly min: number
  /** The max value; zero if there are no values. */
  readonly max: number
  /** The number of values in each bucket; one more bucket than there are bounds. */
  readonly bucketCounts: readonly number[]
  /** The last exemplar of each bucket that has one. */
  readonly exemplars: readonly (Exemplar | undefined)[]
}

/** A sum or a value with one set of attributes. */
export interface NumberPoint {
  readonly attributes: Attributes
  readonly value: number
}

/** A source of metrics and the resource they describe. */
export interface MetricSource {
  /** The resource that all metrics describe. */
  readonly resource: Attributes
  /** Returns the measurements of all instruments so far. */
  readMetrics(): readonly Metric[]
}

/** The measurements of an instrument since the start. */
export type Metric =
  | {
      readonly kind: 'histogram'
      readonly definition: InstrumentDefinition
      readonly bounds: readonly number[]
      readonly points: readonly HistogramPoint[]
    }
  | {
      readonly kind: 'counter' | 'gauge' | 'upDownCounter'
      readonly definition: InstrumentDefinition
      readonly points: readonly NumberPoint[]
    }

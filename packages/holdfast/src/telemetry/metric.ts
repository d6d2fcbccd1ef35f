import type { Attributes } from '../kernel/span.ts'
import type { InstrumentDefinition } from '../kernel/telemetry.ts'

/** A value that was measured in a span, as an example. */
export interface Exemplar {
  readonly value: number
  /** When, in milliseconds since `performance.timeOrigin`. */
  readonly atMs: number
  readonly traceId: string
  readonly spanId: string
}

/** The distribution of the values with one set of attributes. */
export interface HistogramPoint {
  readonly attributes: Attributes
  readonly count: number
  readonly sum: number
  /** The least value. Zero where there is none. */
  readonly min: number
  /** The greatest value. Zero where there is none. */
  readonly max: number
  /** How many values are in each bucket; one more than there are bounds. */
  readonly bucketCounts: readonly number[]
  /** The last one of each bucket that has any. */
  readonly exemplars: readonly (Exemplar | undefined)[]
}

/** A sum or a value with one set of attributes. */
export interface NumberPoint {
  readonly attributes: Attributes
  readonly value: number
}

/** What is measured, and of what. */
export interface MetricSource {
  /** What all metrics are about. */
  readonly resource: Attributes
  /** What all instruments have measured so far. */
  readMetrics(): readonly Metric[]
}

/** What an instrument has measured since the beginning. */
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

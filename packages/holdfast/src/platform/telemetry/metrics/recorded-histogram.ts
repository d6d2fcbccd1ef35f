import type { Attributes, Span } from '../../../kernel/telemetry/span.ts'
import type { HistogramSeries } from '../../../kernel/telemetry/telemetry.ts'
import type { Exemplar, HistogramPoint } from './metric.ts'

/** The values of a histogram with one set of attributes, counted by bucket. */
export class RecordedHistogram implements HistogramSeries {
  readonly #attributes: Attributes
  readonly #bounds: readonly number[]
  // The counts are 64-bit numbers, because 32 bits would overflow within days in a busy service.
  readonly #counts: Float64Array
  readonly #examples: (Span | undefined)[]
  readonly #exampleValues: Float64Array
  readonly #exampleTimesMs: Float64Array
  #count = 0
  #sum = 0
  #min = Number.POSITIVE_INFINITY
  #max = Number.NEGATIVE_INFINITY

  constructor(attributes: Attributes, bounds: readonly number[]) {
    const buckets = bounds.length + 1
    this.#attributes = attributes
    this.#bounds = bounds
    this.#counts = new Float64Array(buckets)
    this.#examples = Array.from({ length: buckets })
    this.#exampleValues = new Float64Array(buckets)
    this.#exampleTimesMs = new Float64Array(buckets)
  }

  record(value: number, span?: Span, atMs?: number): void {
    // A single NaN or infinity would make the sum permanently useless.
    if (!Number.isFinite(value)) return
    let bucket = 0
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket += 1
    this.#counts[bucket]! += 1
    this.#count += 1
    this.#sum += value
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
    if (span?.isRecording !== true) return
    this.#examples[bucket] = span
    this.#exampleValues[bucket] = value
    this.#exampleTimesMs[bucket] = atMs ?? performance.now()
  }

  collect(): HistogramPoint {
    return {
      attributes: this.#attributes,
      count: this.#count,
      sum: this.#sum,
      min: this.#count === 0 ? 0 : this.#min,
      max: this.#count === 0 ? 0 : this.#max,
      bucketCounts: Array.from(this.#counts),
      exemplars: this.#examples.map((span, bucket) => this.#exemplarOf(span, bucket)),
    }
  }

  #exemplarOf(span: Span | undefined, bucket: number): Exemplar | undefined {
    if (!span) return undefined
    const { traceId, spanId } = span.trace
    return {
      value: this.#exampleValues[bucket]!,
      atMs: this.#exampleTimesMs[bucket]!,
      traceId,
      spanId,
    }
  }
}

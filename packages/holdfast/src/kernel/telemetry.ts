import type { Redactor } from './redact.ts'
import type { Attributes, Span, SpanKind } from './span.ts'
import { unrecordedSpan } from './span.ts'
import { continueTrace } from './trace-context.ts'

/** What an instrument measures. */
export interface InstrumentDefinition {
  /** As OpenTelemetry's semantic conventions call it: `http.server.request.duration`. */
  readonly name: string
  /** What it says, in a sentence. */
  readonly description: string
  /** By UCUM: `s`, `By`, `{connection}`. */
  readonly unit: string
}

/** What a histogram measures. */
export interface HistogramDefinition extends InstrumentDefinition {
  /** The upper bounds of its buckets, ascending, each inclusive; a last one without bound is added. */
  readonly bounds: readonly number[]
}

/** The values of a histogram with one set of attributes. Looked up once and kept, recording costs a few additions. */
export interface HistogramSeries {
  /** Adds a value. `span` is what it was measured in, kept as an example of its bucket where it is sampled. */
  record(value: number, span?: Span): void
}

/** The distribution of a value. */
export interface Histogram {
  /** The series of these attributes, the same one for equal attributes. */
  with(attributes: Attributes): HistogramSeries
}

/** A sum that only grows, of one set of attributes. */
export interface CounterSeries {
  /** Adds to it; `amount` is not negative. Default 1. */
  add(amount?: number): void
}

/** A sum that only grows. */
export interface Counter {
  /** The series of these attributes, the same one for equal attributes. */
  with(attributes: Attributes): CounterSeries
}

/** One value that was read off. */
export interface Observation {
  readonly value: number
  readonly attributes?: Attributes
}

/** What a service is watched with: spans and instruments. It never throws, and never waits. */
export interface Telemetry {
  /**
   * Begins a trace, or the part of one in this process if `traceparent` (W3C Trace Context) continues it; `tracestate` is the
   * header that came with it.
   */
  beginTrace(kind: SpanKind, traceparent: string | undefined, tracestate?: string): Span
  /** Runs work; what begins a span anywhere within it, without having been given one, begins it within `span`. */
  within<T>(span: Span, work: () => T): T
  /** From now on, hides the values of attributes that a redactor calls sensitive, wherever spans are read. */
  hide(redactor: Pick<Redactor, 'isSensitive' | 'text'>): void
  histogram(definition: HistogramDefinition): Histogram
  counter(definition: InstrumentDefinition): Counter
  /** A value that goes up and down, read off by `observe` whenever somebody looks. Gives what forgets it. */
  gauge(definition: InstrumentDefinition, observe: () => readonly Observation[]): () => void
  /**
   * A sum that goes up and down, such as connections that are open, read by `observe` when metrics are collected: unlike those of
   * a gauge, its values can be added across processes. Returns what ends it.
   */
  upDownCounter(definition: InstrumentDefinition, observe: () => readonly Observation[]): () => void
}

const noSeries: HistogramSeries & CounterSeries = { record: () => {}, add: () => {} }
const noInstrument: Histogram & Counter = { with: () => noSeries }

/** Watches nothing; traces still pass through. */
export const noTelemetry: Telemetry = {
  beginTrace: (_kind, traceparent, tracestate) => unrecordedSpan(continueTrace(traceparent, tracestate)),
  within: (_span, work) => work(),
  hide: () => {},
  histogram: () => noInstrument,
  counter: () => noInstrument,
  gauge: () => () => {},
  upDownCounter: () => () => {},
}

import type { Redactor } from '../base/redact.ts'
import type { Attributes, Span, SpanKind } from './span.ts'
import { unrecordedSpan } from './span.ts'
import { continueTrace } from './trace-context.ts'

/** The definition of an instrument. */
export interface InstrumentDefinition {
  /** The name in OpenTelemetry's semantic conventions: `http.server.request.duration`. */
  readonly name: string
  /** A one-sentence description of the measured value. */
  readonly description: string
  /** UCUM unit: `s`, `By`, `{connection}`. */
  readonly unit: string
}

/** The definition of a histogram. */
export interface HistogramDefinition extends InstrumentDefinition {
  /**
   * Upper bounds of the buckets, ascending and inclusive; a last bucket without an upper bound is
   * added.
   */
  readonly bounds: readonly number[]
}

/**
 * A histogram with one set of attributes. Look it up once and keep it: recording a value then costs
 * only a few additions.
 */
export interface HistogramSeries {
  /**
   * Records a value measured within `span`. If the span is sampled, the value is kept as an
   * exemplar of its bucket. `atMs` is the time of the measurement, by `performance.now()`. Default:
   * now.
   */
  record(value: number, span?: Span, atMs?: number): void
}

/** The distribution of a value. */
export interface Histogram {
  /** Returns the series with these attributes; equal attributes return the same series. */
  with(attributes: Attributes): HistogramSeries
}

/** A counter with one set of attributes. */
export interface CounterSeries {
  /** Adds to the sum; `amount` must not be negative. Default 1. */
  add(amount?: number): void
}

/** A sum that only grows. */
export interface Counter {
  /** Returns the series with these attributes; equal attributes return the same series. */
  with(attributes: Attributes): CounterSeries
}

/** One observed value. */
export interface Observation {
  readonly value: number
  readonly attributes?: Attributes
}

/** The spans and instruments of a service. Its methods never throw and never wait. */
export interface Telemetry {
  /**
   * Starts a trace, or continues the trace of `traceparent` (W3C Trace Context) in this process;
   * `tracestate` is the request's header of that name.
   */
  beginTrace(kind: SpanKind, traceparent: string | undefined, tracestate?: string): Span
  /**
   * Runs work with `span` as the parent of all spans started within it without an explicit parent.
   */
  within<T>(span: Span, work: () => T): T
  /** Hides attribute values that a redactor considers sensitive, in all spans read from now on. */
  hide(redactor: Pick<Redactor, 'isSensitive' | 'text'>): void
  histogram(definition: HistogramDefinition): Histogram
  counter(definition: InstrumentDefinition): Counter
  /**
   * Registers a value that goes up and down. `observe` returns its current values whenever metrics
   * are collected. Returns a function that unregisters it.
   */
  gauge(definition: InstrumentDefinition, observe: () => readonly Observation[]): () => void
  /**
   * Registers a sum that goes up and down, such as the number of open connections. `observe`
   * returns its current values whenever metrics are collected. Unlike the values of a gauge, its
   * values can be added across processes. Returns a function that unregisters it.
   */
  upDownCounter(definition: InstrumentDefinition, observe: () => readonly Observation[]): () => void
}

const noSeries: HistogramSeries & CounterSeries = { record: () => {}, add: () => {} }
const noInstrument: Histogram & Counter = { with: () => noSeries }

/** Records nothing; traces are still passed on. */
export const noTelemetry: Telemetry = {
  beginTrace: (_kind, traceparent, tracestate) => unrecordedSpan(continueTrace(traceparent, tracestate)),
  within: (_span, work) => work(),
  hide: () => {},
  histogram: () => noInstrument,
  counter: () => noInstrument,
  gauge: () => () => {},
  upDownCounter: () => () => {},
}

import type { Attributes, AttributeValue, Span, SpanKind } from '../../../kernel/telemetry/span.ts'
import type { TraceContext } from '../../../kernel/telemetry/trace-context.ts'
import type { SpanEvent, SpanFailure } from './finished-span.ts'
import {
  newTraceBits,
  randomBits,
  readBits,
  readTraceBits,
  toSpanId,
  toTraceId,
  type TraceBits,
} from './span-id.ts'

/** Receives spans when they end. */
export interface SpanSink {
  push(span: RecordedSpan): void
}

/** The initial values of a span. */
export interface SpanStart {
  readonly sink: SpanSink
  readonly name: string
  readonly kind: SpanKind
  readonly attributes?: Attributes | undefined
  /** The parent span. */
  readonly parent?: RecordedSpan | undefined
  /**
   * The position in an existing trace. A span with neither this position nor a parent starts a new
   * trace.
   */
  readonly trace?: TraceContext | undefined
}

// The span limits of OpenTelemetry's specification: a loop that adds to a span must not fill the
// memory.
const maxAttributes = 128
const maxEvents = 128

const noAttributes: Attributes = {}

/**
 * A running span. When it ends, it is written to the sink and can be garbage-collected. Every call
 * has several spans, so each part of a span is created only on first use. Members that are not in
 * the `Span` interface are for the sink.
 */
export class RecordedSpan implements Span {
  readonly isRecording = true
  readonly kind: SpanKind
  readonly traceBits: TraceBits
  readonly idHigh: number
  readonly idLow: number
  readonly hasParent: boolean
  /** True if the parent is in another process. */
  readonly isContinued: boolean
  readonly parentHigh: number
  readonly parentLow: number
  readonly startMs: number
  endMs = 0
  name: string
  attributes: Attributes
  /**
   * Names and values alternate. A span has few attributes, so searching this list costs less than
   * creating a map.
   */
  own: AttributeValue[] | undefined = undefined
  events: SpanEvent[] | undefined = undefined
  failure: SpanFailure | undefined = undefined
  droppedAttributes = 0
  droppedEvents = 0
  /** The trace context received from another process, if any. */
  readonly origin: TraceContext | undefined
  readonly #sink: SpanSink
  #trace: TraceContext | undefined

  constructor({ sink, name, kind, attributes, parent, trace }: SpanStart) {
    this.#sink = sink
    this.#trace = trace
    this.origin = trace ?? parent?.origin
    this.kind = kind
    this.name = name
    this.attributes = attributes ?? noAttributes
    this.isContinued = trace?.parentSpanId !== undefined
    this.hasParent = parent !== undefined || this.isContinued
    if (parent) {
      this.traceBits = parent.traceBits
      this.parentHigh = parent.idHigh
      this.parentLow = parent.idLow
    } else {
      this.traceBits = trace ? readTraceBits(trace.traceId) : newTraceBits()
      this.parentHigh = trace?.parentSpanId === undefined ? 0 : readBits(trace.parentSpanId, 0)
      this.parentLow = trace?.parentSpanId === undefined ? 0 : readBits(trace.parentSpanId, 8)
    }
    this.idHigh = trace ? readBits(trace.spanId, 0) : randomBits()
    this.idLow = trace ? readBits(trace.spanId, 8) : randomBits()
    this.startMs = performance.now()
  }

  get trace(): TraceContext {
    this.#trace ??= {
      traceId: toTraceId(this.traceBits),
      spanId: toSpanId(this.idHigh, this.idLow),
      ...(this.hasParent ? { parentSpanId: toSpanId(this.parentHigh, this.parentLow) } : {}),
      sampled: true,
      ...(this.origin?.isRandom === undefined ? {} : { isRandom: this.origin.isRandom }),
      ...(this.origin?.tracestate === undefined ? {} : { tracestate: this.origin.tracestate }),
    }
    return this.#trace
  }

  describe(name: string, attributes: Attributes): void {
    if (this.endMs !== 0) return
    this.name = name
    this.attributes = attributes
  }

  rename(name: string): void {
    if (this.endMs === 0) this.name = name
  }

  set(name: string, value: AttributeValue): void {
    if (this.endMs !== 0) return
    const own = (this.own ??= [])
    let at = 0
    while (at < own.length && own[at] !== name) at += 2
    if (at < own.length) own[at + 1] = value
    else if (at < 2 * maxAttributes) own.push(name, value)
    else this.droppedAttributes += 1
  }

  addEvent(name: string, attributes: Attributes = noAttributes): void {
    if (this.endMs !== 0) return
    const events = (this.events ??= [])
    if (events.length < maxEvents) events.push({ name, atMs: performance.now(), attributes })
    else this.droppedEvents += 1
  }

  begin(name: string, kind: SpanKind = 'internal', attributes?: Attributes): Span {
    return new RecordedSpan({ sink: this.#sink, name, kind, attributes, parent: this })
  }

  fail(type: string, message?: string): void {
    if (this.endMs !== 0 || this.failure) return
    this.failure = { type, message }
  }

  end(atMs: number = performance.now()): void {
    if (this.endMs !== 0) return
    this.endMs = atMs
    this.#sink.push(this)
  }
}

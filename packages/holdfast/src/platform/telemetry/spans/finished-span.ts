import type { Attributes, AttributeValue, SpanKind } from '../../../kernel/telemetry/span.ts'
import type { TraceContext } from '../../../kernel/telemetry/trace-context.ts'

/** An event that happened during a span. */
export interface SpanEvent {
  readonly name: string
  /** The time of the event, in milliseconds since `performance.timeOrigin`. */
  readonly atMs: number
  readonly attributes: Attributes
}

/** The reason why a span's work failed. */
export interface SpanFailure {
  /** A value of low cardinality: a problem's code, a SQLSTATE, an error's name. */
  readonly type: string
  readonly message: string | undefined
}

/** An ended span, in the form that readers receive. */
export interface FinishedSpan {
  readonly trace: TraceContext
  readonly name: string
  readonly kind: SpanKind
  /** The start of the span, in milliseconds since `performance.timeOrigin`. */
  readonly startMs: number
  /** The end of the span, in milliseconds since `performance.timeOrigin`. */
  readonly endMs: number
  /** The attributes of the span's description. Other spans may share this object. */
  readonly sharedAttributes: Attributes
  /** Attributes of this span only. They override shared attributes of the same name. */
  readonly ownAttributes: ReadonlyMap<string, AttributeValue>
  readonly events: readonly SpanEvent[]
  /** The reason for the failure; `undefined` if the work did not fail. */
  readonly failure: SpanFailure | undefined
  /** True if the parent is in another process. */
  readonly isContinued: boolean
  /** The number of attributes dropped because of the limit. */
  readonly droppedAttributes: number
  /** The number of events dropped because of the limit. */
  readonly droppedEvents: number
}

/** Returns all attributes of a span, each once. */
export function attributesOf(span: FinishedSpan): Attributes {
  return {
    ...span.sharedAttributes,
    ...Object.fromEntries(span.ownAttributes),
    ...(span.failure ? { 'error.type': span.failure.type } : {}),
  }
}

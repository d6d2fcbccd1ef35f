import type { Attributes, AttributeValue, SpanKind } from '../kernel/span.ts'
import type { TraceContext } from '../kernel/trace-context.ts'

/** Something that happened during a span. */
export interface SpanEvent {
  readonly name: string
  /** When, in milliseconds since `performance.timeOrigin`. */
  readonly atMs: number
  readonly attributes: Attributes
}

/** Why the work of a span failed. */
export interface SpanFailure {
  /** Of few values: a problem's code, a SQLSTATE, an error's name. */
  readonly type: string
  readonly message: string | undefined
}

/** A span that has ended, to be read. */
export interface FinishedSpan {
  readonly trace: TraceContext
  readonly name: string
  readonly kind: SpanKind
  /** Its beginning, in milliseconds since `performance.timeOrigin`. */
  readonly startMs: number
  /** Its end, likewise. */
  readonly endMs: number
  /** Those that it was described with: an object that it shares with others. */
  readonly sharedAttributes: Attributes
  /** Those that were set on it alone: they stand in place of shared ones of the same name. */
  readonly ownAttributes: ReadonlyMap<string, AttributeValue>
  readonly events: readonly SpanEvent[]
  /** Why the work failed; `undefined` where it did not. */
  readonly failure: SpanFailure | undefined
  /** Whether the parent is in another process. */
  readonly isContinued: boolean
  /** How many attributes were left out for there being too many. */
  readonly droppedAttributes: number
  /** How many events were. */
  readonly droppedEvents: number
}

/** All attributes of a span, each once. */
export function attributesOf(span: FinishedSpan): Attributes {
  return {
    ...span.sharedAttributes,
    ...Object.fromEntries(span.ownAttributes),
    ...(span.failure ? { 'error.type': span.failure.type } : {}),
  }
}

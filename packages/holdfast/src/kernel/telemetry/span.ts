import type { TraceContext } from './trace-context.ts'

/** The value of an attribute. */
export type AttributeValue = string | number | boolean

/**
 * Attributes by name. If OpenTelemetry's semantic conventions define a name, the attribute has that
 * name.
 */
export type Attributes = Readonly<Record<string, AttributeValue>>

/** The role of a span in a request or message exchange (OpenTelemetry `SpanKind`). */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** A unit of work in a trace, with a start and an end. Its methods never throw. */
export interface Span {
  /** The trace context of the span. */
  readonly trace: TraceContext
  /** True if the span is recorded. If false, expensive attributes need not be computed. */
  readonly isRecording: boolean
  /**
   * Sets the name and attributes once they are known. The attributes object is not copied, so that
   * many spans can share it.
   */
  describe(name: string, attributes: Attributes): void
  /** Changes the name. */
  rename(name: string): void
  /** Sets an attribute, replacing one with the same name. */
  set(name: string, value: AttributeValue): void
  /** Records an event at the current time. */
  addEvent(name: string, attributes?: Attributes): void
  /** Starts a child span. */
  begin(name: string, kind?: SpanKind, attributes?: Attributes): Span
  /**
   * Marks the work as failed; only the first call counts. `type` has few distinct values: a problem
   * code, a SQLSTATE, an error name.
   */
  fail(type: string, message?: string): void
  /**
   * Ends the span. `atMs` is the time of its end, by `performance.now()`. Default: now. Later calls
   * are ignored.
   */
  end(atMs?: number): void
}

/** Returns a span that is not recorded: it only carries its trace context. */
export function unrecordedSpan(trace: TraceContext): Span {
  const span: Span = {
    trace,
    isRecording: false,
    describe: () => {},
    rename: () => {},
    set: () => {},
    addEvent: () => {},
    begin: () => span,
    fail: () => {},
    end: () => {},
  }
  return span
}

import type { TraceContext } from './trace-context.ts'

/** What an attribute may be. */
export type AttributeValue = string | number | boolean

/** Attributes by their names, those of OpenTelemetry's semantic conventions where these have one. */
export type Attributes = Readonly<Record<string, AttributeValue>>

/** What part of a conversation a span is (OpenTelemetry `SpanKind`). */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** A piece of work in a trace, from its beginning to its end. None of its methods throws. */
export interface Span {
  /** Where it stands in its trace. */
  readonly trace: TraceContext
  /** Whether anybody will read it: where nobody will, what is costly to find out need not be. */
  readonly isRecording: boolean
  /** Says what it is, once that is known. The attributes are kept as they are, so that many spans can share one object. */
  describe(name: string, attributes: Attributes): void
  /** Gives it another name. */
  rename(name: string): void
  /** Sets an attribute, in place of one of the same name. */
  set(name: string, value: AttributeValue): void
  /** Notes that something happened now. */
  addEvent(name: string, attributes?: Attributes): void
  /** Begins a span within this one. */
  begin(name: string, kind?: SpanKind, attributes?: Attributes): Span
  /** Says that the work failed; the first time counts. `type` is of few values: a problem's code, a SQLSTATE, an error's name. */
  fail(type: string, message?: string): void
  /** Ends it now. What comes after is ignored. */
  end(): void
}

/** A span that nobody records: it only stands in its trace. */
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

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Span } from '../../kernel/telemetry/span.ts'
import { unrecordedSpan } from '../../kernel/telemetry/span.ts'
import type { Telemetry } from '../../kernel/telemetry/telemetry.ts'
import { continueTrace } from '../../kernel/telemetry/trace-context.ts'
import type { FinishedSpan } from './spans/finished-span.ts'
import { HiddenAttributes } from './spans/hidden-attributes.ts'
import { RecordedSpan } from './spans/recorded-span.ts'
import { Ring, type RingReader } from './spans/ring.ts'
import type { Sampler } from './sampler.ts'
import { SpanStore } from './spans/span-store.ts'

/** Records spans. */
export interface Recorder extends Pick<Telemetry, 'beginTrace' | 'within' | 'hide'> {
  /** Returns the current span; `undefined` if there is none. */
  activeSpan(): Span | undefined
  /**
   * Opens a reader of the spans that end after this call. `from: 'oldest'` also includes the spans
   * still in the buffer.
   */
  readSpans(from?: 'now' | 'oldest'): RingReader<FinishedSpan>
}

/** Options of {@link createRecorder}. */
export interface RecorderOptions {
  /** The number of spans kept. */
  readonly spanBufferSize: number
  readonly sampler: Sampler
}

/** Creates a recorder. */
export function createRecorder({ spanBufferSize, sampler }: RecorderOptions): Recorder {
  const sink = new Ring<RecordedSpan, FinishedSpan>(spanBufferSize, new SpanStore(spanBufferSize))
  const hidden = new HiddenAttributes()
  const active = new AsyncLocalStorage<Span>()
  return {
    // Until `describe` is called, the name of the first span is its kind.
    beginTrace(kind, traceparent, tracestate) {
      if (traceparent === undefined) {
        // An incoming request is never a child of this process's active span.
        const outer = kind === 'server' || kind === 'consumer' ? undefined : active.getStore()
        if (outer) return outer.begin(kind, kind)
        if (sampler.ofRoots === true) return new RecordedSpan({ sink, name: kind, kind })
      }
      const trace = continueTrace(traceparent, tracestate)
      const sampled = sampler.decide(trace)
      const decided = sampled === trace.sampled ? trace : { ...trace, sampled }
      return sampled ? new RecordedSpan({ sink, name: kind, kind, trace: decided }) : unrecordedSpan(decided)
    },
    within: (span, work) => active.run(span, work),
    activeSpan: () => active.getStore(),
    hide: (redactor) => hidden.add(redactor),
    readSpans(from) {
      const reader = sink.openReader(from)
      return {
        get pending() {
          return reader.pending
        },
        take(most) {
          const { items, lost } = reader.take(most)
          return { items: items.map((span) => hidden.hide(span)), lost }
        },
        wakeAt: (count, wake) => reader.wakeAt(count, wake),
      }
    },
  }
}

import { randomHex } from './random-hex.ts'
import { readTracestate } from './tracestate.ts'

/** The place of a call in a distributed trace (W3C Trace Context, level 2). */
export interface TraceContext {
  /** 32 hex digits, the same in every service that the trace passes. */
  readonly traceId: string
  /** 16 hex digits: this call. */
  readonly spanId: string
  /** The call that made this one, in another service or this. */
  readonly parentSpanId?: string
  /** Whether the caller records the trace. */
  readonly sampled: boolean
  /** Whether the service that began the trace says that its id is random. Sent on as it came. */
  readonly isRandom?: boolean
  /** What tracing systems keep with the trace, for the next service. Sent on as it came. */
  readonly tracestate?: string
}

/** No trace: both of its ids are all zeros, which the recommendation calls invalid. */
export const noTrace: TraceContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false }

// Version, trace, parent and flags; neither of the ids all zeros, and no version ff. Later versions may have more behind it,
// but several fields of the name, which a runtime joins by commas, are none.
const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[^,]*)?$/
const lengthOfVersion0 = 55

const sampledFlag = 1
const randomFlag = 2

/**
 * Continues the trace of a `traceparent` header with the `tracestate` that came with it, or begins one if the header is absent
 * or malformed, as the recommendation asks (section 4.3).
 */
export function continueTrace(traceparent: string | undefined, tracestate?: string): TraceContext {
  const spanId = randomHex(8)
  if (traceparent === undefined || !isTraceparent(traceparent))
    return { traceId: randomHex(16), spanId, sampled: false }
  const flags = Number.parseInt(traceparent.slice(53, 55), 16)
  const state = readTracestate(tracestate)
  return {
    traceId: traceparent.slice(3, 35),
    spanId,
    parentSpanId: traceparent.slice(36, 52),
    sampled: (flags & sampledFlag) !== 0,
    ...((flags & randomFlag) === 0 ? {} : { isRandom: true }),
    ...(state === undefined ? {} : { tracestate: state }),
  }
}

/** Whether a text is a `traceparent`: others count as none, as the recommendation asks. */
export function isTraceparent(traceparent: string): boolean {
  return form.test(traceparent) && (traceparent.length === lengthOfVersion0 || !traceparent.startsWith('00'))
}

/** The `traceparent` header of a trace context. */
export function toTraceparent(trace: TraceContext): string {
  const flags = (trace.sampled ? sampledFlag : 0) | (trace.isRandom === true ? randomFlag : 0)
  return `00-${trace.traceId}-${trace.spanId}-0${flags}`
}

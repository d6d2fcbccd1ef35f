import { randomHex } from './random-hex.ts'

/** Where a call stands in a distributed trace (W3C Trace Context, level 1). */
export interface TraceContext {
  /** 32 hex digits, the same in every service that the trace passes. */
  readonly traceId: string
  /** 16 hex digits: this call. */
  readonly spanId: string
  /** The call that made this one, in another service or this. */
  readonly parentSpanId?: string
  /** Whether the caller records the trace. */
  readonly sampled: boolean
}

/** No trace: both of its ids are all zeros, which the recommendation calls invalid. */
export const noTrace: TraceContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false }

// Version, trace, parent and flags; neither of the ids all zeros, and no version ff. Later versions may have more behind it.
const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/
const lengthOfVersion0 = 55

/**
 * Continues the trace of a `traceparent` header, or begins one where the header is absent or malformed, as the
 * recommendation asks (section 4.3).
 */
export function continueTrace(traceparent: string | undefined): TraceContext {
  const spanId = randomHex(8)
  if (traceparent === undefined || !isTraceparent(traceparent))
    return { traceId: randomHex(16), spanId, sampled: false }
  return {
    traceId: traceparent.slice(3, 35),
    spanId,
    parentSpanId: traceparent.slice(36, 52),
    sampled: (Number.parseInt(traceparent.slice(53, 55), 16) & 1) === 1,
  }
}

/** Whether a text is a `traceparent`: others count as none, as the recommendation asks. */
export function isTraceparent(traceparent: string): boolean {
  return form.test(traceparent) && (traceparent.length === lengthOfVersion0 || !traceparent.startsWith('00'))
}

/** The `traceparent` header of a trace context. */
export function toTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`
}

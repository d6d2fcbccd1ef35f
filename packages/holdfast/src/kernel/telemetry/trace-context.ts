import { randomHex } from '../base/random-hex.ts'
import { readTracestate } from './tracestate.ts'

/** The position of a call in a distributed trace (W3C Trace Context, level 2). */
export interface TraceContext {
  /** 32 hex digits, the same in every service that the trace passes through. */
  readonly traceId: string
  /** 16 hex digits that identify the span. */
  readonly spanId: string
  /** The span id of the calling span, which may be in this or a different service. */
  readonly parentSpanId?: string
  /** True if the caller records the trace. */
  readonly sampled: boolean
  /**
   * True if the service that started the trace declares that the trace id is random. Passed on
   * unchanged.
   */
  readonly isRandom?: boolean
  /** State that tracing systems keep with the trace, for the next service. Passed on unchanged. */
  readonly tracestate?: string
}

/**
 * The context without a trace: both ids are all zeros, which the W3C recommendation defines as
 * invalid.
 */
export const noTrace: TraceContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false }

// A valid header: version, trace id, parent id and flags. Neither id may be all zeros, and the
// version may not be ff. A later version may append more fields. Several headers, which a runtime
// joins with commas, are invalid.
const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[^,]*)?$/
const lengthOfVersion0 = 55

const sampledFlag = 1
const randomFlag = 2

/**
 * Continues the trace of a `traceparent` header and of the `tracestate` header in the same request.
 * Starts a new trace if the `traceparent` is absent or malformed, as the recommendation requires
 * (section 4.3).
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

/**
 * Returns true if a text is a valid `traceparent`. As the recommendation requires, an invalid
 * `traceparent` is treated as absent.
 */
export function isTraceparent(traceparent: string): boolean {
  return form.test(traceparent) && (traceparent.length === lengthOfVersion0 || !traceparent.startsWith('00'))
}

/** Returns the `traceparent` header of a trace context. */
export function toTraceparent(trace: TraceContext): string {
  const flags = (trace.sampled ? sampledFlag : 0) | (trace.isRandom === true ? randomFlag : 0)
  return `00-${trace.traceId}-${trace.spanId}-0${flags}`
}

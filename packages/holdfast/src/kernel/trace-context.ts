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

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * Continues the trace of a `traceparent` header, or begins one where the header is absent or malformed, as the
 * recommendation asks (section 4.3).
 */
export function continueTrace(traceparent: string | undefined): TraceContext {
  const spanId = randomHex(8)
  const parts = traceparent === undefined ? null : form.exec(traceparent)
  const [, version, traceId, parentSpanId, flags, more] = parts ?? []
  const isValid =
    traceId !== undefined &&
    parentSpanId !== undefined &&
    version !== 'ff' &&
    !(version === '00' && more !== undefined) &&
    !/^0+$/.test(traceId) &&
    !/^0+$/.test(parentSpanId)
  if (!isValid) return { traceId: randomHex(16), spanId, sampled: false }
  return { traceId, spanId, parentSpanId, sampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1 }
}

/** The `traceparent` header of a trace context. */
export function toTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`
}

import type { Attributes, SpanKind } from '../../../kernel/telemetry/span.ts'
import { attributesOf, type FinishedSpan, type SpanEvent } from '../spans/finished-span.ts'
import { epochOffsetMs } from '../wall-time.ts'
import { encodeAttributes, encodeShared, encodeText } from './encode-attributes.ts'
import { encodeResource, encodeScope } from './encode-resource.ts'
import { toUnixNano } from './unix-nano.ts'

const kindNumbers: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
}
const statusError = 2

// The flags of a span. `sampledFlag`: the trace is sampled (W3C Trace Context). `isRemoteFlag`: the
// parent is in another process. `knowsRemoteFlag`: `isRemoteFlag` is valid.
const sampledFlag = 0x1
const knowsRemoteFlag = 0x100
const isRemoteFlag = 0x200

/**
 * Returns the JSON body of an OTLP request with spans. The body is assembled as text to save CPU
 * time: most parts of a span are shared with other spans and already encoded.
 */
export function encodeSpans(spans: readonly FinishedSpan[], resource: Attributes): string {
  const offsetMs = epochOffsetMs()
  const encoded = spans.map((span) => encodeSpan(span, offsetMs)).join()
  return `{"resourceSpans":[{"resource":${encodeResource(resource)},"scopeSpans":[{"scope":${encodeScope()},"spans":[${encoded}]}]}]}`
}

function encodeSpan(span: FinishedSpan, offsetMs: number): string {
  const { trace, droppedAttributes, droppedEvents, events, failure } = span
  const parent = trace.parentSpanId === undefined ? '' : `,"parentSpanId":"${trace.parentSpanId}"`
  const state = trace.tracestate === undefined ? '' : `,"traceState":${encodeText(trace.tracestate)}`
  const flags = sampledFlag | knowsRemoteFlag | (span.isContinued ? isRemoteFlag : 0)
  const dropped = droppedAttributes === 0 ? '' : `,"droppedAttributesCount":${droppedAttributes}`
  const droppedMore = droppedEvents === 0 ? '' : `,"droppedEventsCount":${droppedEvents}`
  const happened =
    events.length === 0 ? '' : `,"events":[${events.map((event) => encodeEvent(event, offsetMs)).join()}]`
  const message = failure?.message === undefined ? '' : `,"message":${encodeText(failure.message)}`
  const status = failure ? `,"status":{"code":${statusError}${message}}` : ''
  return `{"traceId":"${trace.traceId}","spanId":"${trace.spanId}"${state}${parent},"flags":${flags},"name":${encodeText(span.name)},"kind":${kindNumbers[span.kind]},"startTimeUnixNano":"${toUnixNano(offsetMs + span.startMs)}","endTimeUnixNano":"${toUnixNano(offsetMs + span.endMs)}","attributes":[${encodeAttributesOf(span)}]${dropped}${happened}${droppedMore}${status}}`
}

function encodeAttributesOf(span: FinishedSpan): string {
  const { sharedAttributes: shared } = span
  const own = [...span.ownAttributes]
  // An attribute name may occur only once in a span, so attributes of this span replace shared
  // attributes of the same name.
  if (span.failure || own.some(([name]) => name in shared)) {
    return encodeAttributes(Object.entries(attributesOf(span)))
  }
  if (own.length === 0) return encodeShared(shared)
  const encoded = encodeShared(shared)
  return encoded === '' ? encodeAttributes(own) : `${encoded},${encodeAttributes(own)}`
}

function encodeEvent({ name, atMs, attributes }: SpanEvent, offsetMs: number): string {
  return `{"timeUnixNano":"${toUnixNano(offsetMs + atMs)}","name":${encodeText(name)},"attributes":[${encodeShared(attributes)}]}`
}

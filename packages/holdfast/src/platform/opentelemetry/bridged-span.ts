import {
  type Attributes as OtelAttributes,
  type Exception,
  type Link,
  type Span as OtelSpan,
  type SpanContext,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  TraceFlags,
} from '@opentelemetry/api'
import type { Attributes, AttributeValue, Span } from '../../kernel/telemetry/span.ts'

/** A Holdfast span behind the interface of OpenTelemetry's API. */
export class BridgedSpan implements OtelSpan {
  /** The Holdfast span. */
  readonly span: Span

  constructor(span: Span) {
    this.span = span
  }

  spanContext(): SpanContext {
    const { traceId, spanId, sampled } = this.span.trace
    return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE }
  }

  setAttribute(name: string, value: unknown): this {
    const own = toAttribute(value)
    if (own !== undefined) this.span.set(name, own)
    return this
  }

  setAttributes(attributes: OtelAttributes): this {
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value)
    return this
  }

  addEvent(name: string, attributes?: OtelAttributes | TimeInput): this {
    this.span.addEvent(name, isTime(attributes) ? {} : toAttributes(attributes))
    return this
  }

  addLink(link: Link): this {
    return this.addLinks([link])
  }

  addLinks(links: Link[]): this {
    for (const { context } of links) {
      this.span.addEvent('link', { 'link.trace_id': context.traceId, 'link.span_id': context.spanId })
    }
    return this
  }

  setStatus({ code, message }: SpanStatus): this {
    if (code === SpanStatusCode.ERROR) this.span.fail('error', message)
    return this
  }

  updateName(name: string): this {
    this.span.rename(name)
    return this
  }

  end(): void {
    this.span.end()
  }

  isRecording(): boolean {
    return this.span.isRecording
  }

  recordException(exception: Exception): void {
    const error = typeof exception === 'string' ? { message: exception } : exception
    this.span.addEvent(
      'exception',
      toAttributes({
        'exception.type': 'name' in error ? error.name : undefined,
        'exception.message': error.message,
        'exception.stacktrace': 'stack' in error ? error.stack : undefined,
      }),
    )
  }
}

/** Converts OpenTelemetry attributes to Holdfast's; lists become JSON. */
export function toAttributes(attributes: OtelAttributes = {}): Attributes {
  const own: Record<string, AttributeValue> = {}
  for (const [name, value] of Object.entries(attributes)) {
    const kept = toAttribute(value)
    if (kept !== undefined) own[name] = kept
  }
  return own
}

function toAttribute(value: unknown): AttributeValue | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return JSON.stringify(value)
}

function isTime(given: OtelAttributes | TimeInput | undefined): given is TimeInput {
  return typeof given === 'number' || given instanceof Date || Array.isArray(given)
}

import {
  type Context,
  isSpanContextValid,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from '@opentelemetry/api'
import { continueTrace, toTraceparent } from '../kernel/trace-context.ts'

const field = 'traceparent'

/** Hands traces on to other services, and takes theirs, by W3C Trace Context. */
export class TraceContextPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = trace.getSpanContext(context)
    if (!span || !isSpanContextValid(span)) return
    const { traceId, spanId, traceFlags } = span
    setter.set(
      carrier,
      field,
      toTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 }),
    )
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = getter.get(carrier, field)
    const { traceId, parentSpanId, sampled } = continueTrace(Array.isArray(header) ? header[0] : header)
    if (parentSpanId === undefined) return context
    return trace.setSpanContext(context, {
      traceId,
      spanId: parentSpanId,
      traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: true,
    })
  }

  fields(): string[] {
    return [field]
  }
}

import {
  type Context,
  createTraceState,
  isSpanContextValid,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from '@opentelemetry/api'
import { continueTrace, toTraceparent } from '../../kernel/telemetry/trace-context.ts'

const field = 'traceparent'
const stateField = 'tracestate'

/** Propagates traces to and from other services by W3C Trace Context. */
export class TraceContextPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = trace.getSpanContext(context)
    if (!span || !isSpanContextValid(span)) return
    const { traceId, spanId, traceFlags, traceState } = span
    setter.set(
      carrier,
      field,
      toTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 }),
    )
    const state = traceState?.serialize()
    if (state !== undefined && state !== '') setter.set(carrier, stateField, state)
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = getter.get(carrier, field)
    const states = getter.get(carrier, stateField)
    const { traceId, parentSpanId, sampled, tracestate } = continueTrace(
      Array.isArray(header) ? header.join(',') : header,
      Array.isArray(states) ? states.join(',') : states,
    )
    if (parentSpanId === undefined) return context
    return trace.setSpanContext(context, {
      traceId,
      spanId: parentSpanId,
      traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: true,
      ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
    })
  }

  fields(): string[] {
    return [field, stateField]
  }
}

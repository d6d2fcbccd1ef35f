import { context, propagation, trace } from '@opentelemetry/api'
import type { TelemetryBridge } from '../../kernel/telemetry/telemetry-bridge.ts'
import { BridgedContextManager } from './bridged-context.ts'
import { BridgedSpan } from './bridged-span.ts'
import { BridgedTracerProvider } from './bridged-tracer.ts'
import { suppressTracing } from './suppressed-tracing.ts'
import { TraceContextPropagator } from './trace-context-propagator.ts'

/**
 * Joins spans that handlers and their libraries create with `@opentelemetry/api` to the service's
 * traces: `serve(service, { telemetry: { bridge: openTelemetry() } })`.
 *
 * Without a registered tracer provider, these spans are recorded and exported with those of the
 * service. If a provider is registered, it still records these spans, as children of the call's
 * span. Existing registrations are never replaced.
 *
 * @example
 * ```ts no-run
 * await serve(shop, { telemetry: { bridge: openTelemetry() } })
 * ```
 */
export function openTelemetry(): TelemetryBridge {
  return {
    join(telemetry) {
      // If something is already registered, OpenTelemetry rejects the registration, logs it, and
      // returns false.
      const isProvider = trace.setGlobalTracerProvider(new BridgedTracerProvider(telemetry))
      const isManager = context.setGlobalContextManager(new BridgedContextManager(telemetry).enable())
      const isPropagator = propagation.setGlobalPropagator(new TraceContextPropagator())
      return {
        within: (span, work) =>
          telemetry.within(span, () =>
            context.with(trace.setSpan(context.active(), new BridgedSpan(span)), work),
          ),
        unseen: (work) => context.with(suppressTracing(context.active()), work),
        leave() {
          if (isProvider) trace.disable()
          if (isManager) context.disable()
          if (isPropagator) propagation.disable()
        },
      }
    },
  }
}

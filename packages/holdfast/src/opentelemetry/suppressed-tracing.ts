import { type Context, createContextKey } from '@opentelemetry/api'

// The key of OpenTelemetry's SDK, so that its tracers, and instrumentation that asks, see it as well as ours do.
const key = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** A context within which nobody makes spans. */
export function suppressTracing(within: Context): Context {
  return within.setValue(key, true)
}

/** Whether no span is to be made within a context. */
export function isTracingSuppressed(within: Context): boolean {
  return within.getValue(key) === true
}

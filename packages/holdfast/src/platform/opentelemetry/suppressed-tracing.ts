import { type Context, createContextKey } from '@opentelemetry/api'

// OpenTelemetry's SDK uses the same key, so the SDK's tracers and instrumentations create no spans
// either.
const key = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** Returns a context in which no spans are created. */
export function suppressTracing(within: Context): Context {
  return within.setValue(key, true)
}

/** Returns true if span creation is suppressed in a context. */
export function isTracingSuppressed(within: Context): boolean {
  return within.getValue(key) === true
}

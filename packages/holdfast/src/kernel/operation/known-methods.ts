/**
 * The HTTP methods that telemetry records as attributes. A client can send any text as its method,
 * and each distinct value would create a metric series. Other methods are recorded as `_OTHER`.
 */
export const knownMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'QUERY',
])

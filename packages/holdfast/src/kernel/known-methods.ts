/**
 * The HTTP methods that may be attributes of telemetry. A client can send any text as its method, and a metric must not have a
 * series for each: others count as `_OTHER`.
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

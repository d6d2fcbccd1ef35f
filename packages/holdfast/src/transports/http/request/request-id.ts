// Long enough to be unique, short enough for every log line, and free of characters with a special
// meaning in a log or a shell.
const wellFormed = /^[A-Za-z0-9._~-]{8,128}$/

/** Returns the caller's `X-Request-Id` if it is well-formed, otherwise a new id. */
export function readRequestId(header: string | undefined): string {
  return header !== undefined && wellFormed.test(header) ? header : crypto.randomUUID()
}

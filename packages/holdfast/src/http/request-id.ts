// Long enough to be found again, short enough for every log line; nothing that a log or a shell would take for syntax.
const wellFormed = /^[A-Za-z0-9._~-]{8,128}$/

/** The caller's `X-Request-Id` where it is well-formed, and a new one otherwise. */
export function readRequestId(header: string | undefined): string {
  return header !== undefined && wellFormed.test(header) ? header : crypto.randomUUID()
}

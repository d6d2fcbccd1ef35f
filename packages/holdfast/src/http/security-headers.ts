import { configurationInvalid } from '../kernel/configuration-invalid.ts'

/** Options of {@link createSecurityHeaders}. */
export interface SecurityHeaderOptions {
  /**
   * The value of `Strict-Transport-Security` (RFC 6797) in every answer: `max-age=31536000; includeSubDomains`. Browsers then use
   * nothing but https for the host, for so many seconds, and cannot be told otherwise before. Default: none, since TLS ends at a
   * proxy in front, which may set it, and the host may have other services that are not ready for it. Set it if the host
   * is reached by https alone and the proxy does not; without it, the first request of a browser may go out in plain http.
   */
  readonly strictTransportSecurity?: string
}

/** The headers that every answer has, unless the answer has its own. */
export type SecurityHeaders = Readonly<Record<string, string>>

const withoutTransport: SecurityHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // An answer is data: a browser neither runs nor embeds it, nor shows it in a frame of another site.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
}

const form = /^max-age=\d{1,10}(?:; ?includeSubDomains)?(?:; ?preload)?$/i

/**
 * Returns the headers of every answer.
 *
 * @throws HoldfastError `configuration-invalid` if `strictTransportSecurity` is no value of that header.
 */
export function createSecurityHeaders({
  strictTransportSecurity: value,
}: SecurityHeaderOptions = {}): SecurityHeaders {
  if (value === undefined) return withoutTransport
  if (form.test(value)) return { ...withoutTransport, 'strict-transport-security': value }
  throw configurationInvalid([
    `The option strictTransportSecurity, or the variable STRICT_TRANSPORT_SECURITY, is ${JSON.stringify(value)}, and has to be of the form max-age=31536000; includeSubDomains.`,
  ])
}

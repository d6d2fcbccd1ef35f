import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'

/** Options of {@link createSecurityHeaders}. */
export interface SecurityHeaderOptions {
  /**
   * The value of `Strict-Transport-Security` (RFC 6797) in every response: `max-age=31536000;
   * includeSubDomains`. Browsers then use only https for the host for that many seconds, and this
   * cannot be revoked earlier. Default: no header. TLS usually ends at a proxy, which may set the
   * header, and other services on the host may still need plain http. Set the header if the host is
   * reached over https only and the proxy does not set it. Without the header, the first request of
   * a browser may use plain http.
   */
  readonly strictTransportSecurity?: string
}

/** The headers that every response has, unless the response sets them itself. */
export type SecurityHeaders = Readonly<Record<string, string>>

const withoutTransport: SecurityHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // Responses are data. Browsers must not execute them, embed them, or show them in a frame.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
}

const form = /^max-age=\d{1,10}(?:; ?includeSubDomains)?(?:; ?preload)?$/i

/**
 * Returns the headers of every response.
 *
 * @throws HoldfastError `configuration-invalid` if `strictTransportSecurity` is not a valid value
 * of that header.
 */
export function createSecurityHeaders({
  strictTransportSecurity: value,
}: SecurityHeaderOptions = {}): SecurityHeaders {
  if (value === undefined) return withoutTransport
  if (form.test(value)) return { ...withoutTransport, 'strict-transport-security': value }
  throw configurationInvalid([
    `Invalid strictTransportSecurity (STRICT_TRANSPORT_SECURITY) ${JSON.stringify(value)}: expected the form max-age=31536000; includeSubDomains.`,
  ])
}

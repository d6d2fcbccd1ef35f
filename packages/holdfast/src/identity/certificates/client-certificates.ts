import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { Credentials } from '../../kernel/operation/credentials.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import type { Identifier } from '../../kernel/operation/identifier.ts'
import type { SecuritySchemes } from '../../kernel/operation/security-scheme.ts'
import { Unauthenticated } from '../../kernel/problem/problems.ts'

/** Options of {@link clientCertificates}. */
export interface ClientCertificatesOptions {
  /**
   * The ids of services, by their certificates' subject alternative names, which must match
   * exactly: `{ 'URI:spiffe://example.org/billing': 'billing' }`,
   * `{ 'DNS:billing.internal': 'billing' }`. A certificate without such a name identifies no
   * caller.
   */
  readonly services: Readonly<Record<string, string>>
  /**
   * The name in errors and traces. Unique in a list of identifiers. Default `'client-certificate'`.
   */
  readonly name?: string
}

/**
 * Returns an identifier that identifies services by their client certificates, from TLS handshakes
 * with this process or from a trusted proxy. It does not read a certificate's common name.
 *
 * @throws HoldfastError `configuration-invalid` for a name without its type, or an empty id.
 *
 * @example
 * ```ts
 * const app = holdfast({
 *   identify: clientCertificates({ services: { 'URI:spiffe://example.org/billing': 'billing' } }),
 * })
 * ```
 */
export function clientCertificates({
  services,
  name = 'client-certificate',
}: ClientCertificatesOptions): Identifier {
  const issues = Object.entries(services).flatMap(([san, id]) => [
    ...(/^(DNS|URI|IP Address|email):./.test(san)
      ? []
      : [`the name "${san}" of a certificate has no type; write DNS:… or URI:…`]),
    ...(id === '' ? [`the id of the service with the certificate "${san}" is empty`] : []),
  ])
  if (Object.keys(services).length === 0)
    issues.push('clientCertificates() has no services; list at least one')
  if (issues.length > 0) throw configurationInvalid(issues)
  const ids = new Map(Object.entries(services))
  return { name, securitySchemes, identify: (credentials) => findService(ids, credentials) }
}

const securitySchemes: SecuritySchemes = { clientCertificate: { type: 'mutualTLS' } }

function findService(ids: ReadonlyMap<string, string>, { peer, log }: Credentials): Caller | undefined {
  const names = peer.certificate?.subjectAltNames ?? []
  const [id, ...others] = new Set(names.flatMap((name) => ids.get(name) ?? []))
  if (id === undefined) return undefined
  if (others.length === 0) return { kind: 'service', id }
  log.info({ services: [id, ...others] }, 'client certificate of several services refused')
  throw Unauthenticated({ detail: 'The client certificate belongs to several services.' })
}

import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../../../kernel/operation/credentials.ts'
import type { TrustedProxies } from '../server/trusted-proxies.ts'

/**
 * Finds the certificate of a client:
 *
 *     connection from a trusted proxy, and its header is trusted  ─→ the header Client-Cert
 *     any other connection                                        ─→ its TLS handshake
 *
 * The header of any other client is never read, because any client can send it. The proxy's own
 * certificate is not its client's.
 */
export class ClientCertificates {
  readonly #proxies: TrustedProxies
  readonly #trustsHeader: boolean
  /** The certificates of connections: a connection has many requests. */
  readonly #ofSockets = new WeakMap<Socket, PeerCertificate | undefined>()

  constructor(proxies: TrustedProxies, trustsHeader: boolean) {
    this.#proxies = proxies
    this.#trustsHeader = trustsHeader
  }

  /** Returns the verified certificate of a client. */
  find(socket: Socket, header: (name: string) => string | undefined): PeerCertificate | undefined {
    if (this.#trustsHeader && this.#proxies.isTrusted(socket.remoteAddress))
      return readHeader(header('client-cert'))
    if (!this.#ofSockets.has(socket)) this.#ofSockets.set(socket, readSocket(socket as TLSSocket))
    return this.#ofSockets.get(socket)
  }
}

function readSocket(socket: TLSSocket): PeerCertificate | undefined {
  if (!socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  return certificate && toPeerCertificate(certificate)
}

/** A byte sequence of RFC 8941. A second header would be appended after a comma. */
const byteSequence = /^:([A-Za-z0-9+/]+={0,2}):$/

/** Returns the certificate in the header `Client-Cert` (RFC 9440). */
function readHeader(value: string | undefined): PeerCertificate | undefined {
  const [, encoded] = byteSequence.exec(value?.trim() ?? '') ?? []
  if (encoded === undefined) return undefined
  try {
    return toPeerCertificate(new X509Certificate(Buffer.from(encoded, 'base64')))
  } catch {
    return undefined
  }
}

function toPeerCertificate(certificate: X509Certificate): PeerCertificate {
  const { raw, subjectAltName, fingerprint256 } = certificate
  return {
    subjectAltNames: splitNames(subjectAltName ?? ''),
    thumbprint: Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
    raw,
  }
}

// A name with a comma or a quotation mark is a JSON string: `DNS:"a, DNS:b"`.
const nameForm = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y

/** Returns the names of a list, each with its type; no names if the list is malformed. */
export function splitNames(list: string): readonly string[] {
  const names: string[] = []
  nameForm.lastIndex = 0
  while (nameForm.lastIndex < list.length) {
    const [, type, value] = nameForm.exec(list) ?? []
    if (type === undefined || value === undefined) return []
    names.push(`${type}:${value.startsWith('"') ? (JSON.parse(value) as string) : value}`)
  }
  return names
}

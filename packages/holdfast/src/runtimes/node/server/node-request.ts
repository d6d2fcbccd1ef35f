import type { IncomingMessage } from 'node:http'
import { BodyBuffer, bodyTooScattered } from '../../../transports/http/request/body-buffer.ts'
import type { HttpRequest, RequestConnection } from '../../../transports/http/request/http-request.ts'
import { CancellationSource } from '../../../kernel/base/cancellation.ts'
import type { Peer } from '../../../kernel/operation/credentials.ts'
import type { ClientCertificates } from '../tls/client-certificates.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

/** The sources of the address and the certificate of a client. */
export interface RequestPeers {
  readonly proxies: TrustedProxies
  /** Default: clients have no certificates. */
  readonly certificates?: ClientCertificates
}

/** A `node:http` request as the handler reads it. */
export class NodeRequest implements HttpRequest {
  readonly method: string
  readonly target: string
  readonly client: CancellationSource = new CancellationSource()
  readonly #incoming: IncomingMessage
  readonly #proxies: TrustedProxies
  readonly #certificates: ClientCertificates | undefined
  readonly #beforeContent: (() => void) | undefined

  /**
   * `proxies` determines the address of the client, and `certificates` its certificate.
   * `beforeContent` is called before the body is read.
   */
  constructor(
    incoming: IncomingMessage,
    { proxies, certificates }: RequestPeers,
    beforeContent?: () => void,
  ) {
    this.#incoming = incoming
    this.#proxies = proxies
    this.#certificates = certificates
    this.#beforeContent = beforeContent
    this.method = incoming.method ?? 'GET'
    this.target = targetOf(incoming.url ?? '/')
  }

  /** True if the whole request has arrived. */
  get isComplete(): boolean {
    return this.#incoming.complete
  }

  get connection(): RequestConnection {
    const { httpVersion, socket } = this.#incoming
    return {
      protocolVersion: httpVersion,
      peerAddress: socket.remoteAddress,
      peerPort: socket.remotePort,
    }
  }

  readonly header: HttpRequest['header'] = (name) => headerOf(this.#incoming, name)

  readonly peer = (): Peer => ({
    address: this.#proxies.clientOf(this.#incoming.socket.remoteAddress, this.header('x-forwarded-for')),
    certificate: this.#certificates?.find(this.#incoming.socket, this.header),
  })

  readonly readContent: HttpRequest['readContent'] = (limitBytes) => {
    this.#beforeContent?.()
    return readContent(this.#incoming, limitBytes)
  }
}

/** Returns a request header by its lower-case name. */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'object' ? value.join(', ') : value
}

// A client may send the whole URL. Only its path and its query are needed (RFC 9112 section 3.2.2).
const absoluteForm = /^https?:\/\/[^/?]*/i

function targetOf(url: string): string {
  if (url.startsWith('/')) return url
  const authority = absoluteForm.exec(url)
  if (!authority) return url
  const rest = url.slice(authority[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

// Number of bytes that may be read from the connection in addition to the body, because node:http
// reads ahead.
const slackBytes = 131_072

function readContent(incoming: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const { socket } = incoming
    const content = new BodyBuffer(limitBytes)
    // Chunk extensions are not part of the body. This limits all of them together; node:http limits
    // only the extensions of a single chunk.
    const maxBytesRead = socket.bytesRead + limitBytes * 2 + slackBytes
    const keep = (chunk: Buffer): void => {
      try {
        if (socket.bytesRead > maxBytesRead) throw bodyTooScattered()
        content.add(chunk)
      } catch (error) {
        // The code that ends the exchange handles the rest of the body.
        incoming.off('data', keep).pause()
        reject(error)
      }
    }
    incoming.on('data', keep)
    incoming.once('end', () => resolve(content.bytes()))
    incoming.once('error', reject)
  })
}

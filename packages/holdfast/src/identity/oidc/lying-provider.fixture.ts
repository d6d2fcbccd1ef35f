import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createKey,
  encodePart,
  type Members,
  signText,
  type TestKey,
  toJwk,
} from '../tokens/issuer.fixture.ts'

/** The answer of a provider: a status and a body, or none, so that the request never ends. */
type Reply = { readonly status: number; readonly body: unknown } | 'hang' | 'cut'

/** A provider whose answers a test chooses. */
export class LyingProvider {
  readonly issuer: string
  readonly key: TestKey = createKey('ES256')
  /** A key of an algorithm that Holdfast does not allow by default. */
  readonly otherKey: TestKey = createKey('ES384')
  /** The path and the number of requests. */
  readonly requests: string[] = []
  /** The answers that replace those of an honest provider, by path. */
  readonly replies = new Map<string, Reply>()
  /** Members that replace those of the metadata. */
  metadata: Members = {}
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(): Promise<LyingProvider> {
    const server = createServer((request, response) => {
      const path = new URL(request.url!, 'http://localhost').pathname
      provider.requests.push(path)
      const reply = provider.replies.get(path) ?? provider.#honest(path)
      if (reply === 'hang') return
      if (reply === 'cut') return void request.socket.destroy()
      response.writeHead(reply.status, { 'content-type': 'application/json' })
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const provider = new LyingProvider(server)
    return provider
  }

  #honest(path: string): Reply {
    if (path === '/.well-known/openid-configuration')
      return {
        status: 200,
        body: {
          issuer: this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          jwks_uri: `${this.issuer}/jwks`,
          id_token_signing_alg_values_supported: ['ES256', 'ES384', 'HS256', 'none'],
          authorization_response_iss_parameter_supported: true,
          ...this.metadata,
        },
      }
    if (path === '/jwks') return { status: 200, body: { keys: [toJwk(this.key), toJwk(this.otherKey)] } }
    return { status: 404, body: { error: 'not_found' } }
  }

  /** Returns the claims of an honest ID token. */
  claims(nonce: string): Members {
    const now = Math.floor(Date.now() / 1_000)
    return {
      iss: this.issuer,
      sub: 'person',
      aud: 'app',
      exp: now + 300,
      iat: now,
      nonce,
      email: 'person@lies.test',
      email_verified: true,
    }
  }

  /** Signs an ID token. */
  sign(
    claims: Members,
    header: Members = { alg: 'ES256', kid: this.key.id },
    key: TestKey = this.key,
  ): string {
    const text = `${encodePart(header)}.${encodePart(claims)}`
    return `${text}.${signText(text, 'ES256', key.privateKey).toString('base64url')}`
  }

  /** Signs an ID token with the key of an algorithm that is not allowed. */
  signWith(algorithm: 'ES384', claims: Members): string {
    const text = `${encodePart({ alg: algorithm, kid: this.otherKey.id })}.${encodePart(claims)}`
    return `${text}.${signText(text, algorithm, this.otherKey.privateKey).toString('base64url')}`
  }

  /** Answers the next exchanges of codes with an ID token. */
  issue(idToken: string): void {
    const body = { access_token: 'the access token', token_type: 'Bearer', id_token: idToken }
    this.replies.set('/token', { status: 200, body })
  }

  /** Becomes honest again. */
  reset(): void {
    this.replies.clear()
    this.requests.length = 0
    this.metadata = {}
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Certificate } from '../../../../test/certificates.ts'

/*
 * A strict stand-in for Vault. It knows only the requests that Vault's API documents, requires
 * their exact fields and headers, and refuses every other request, as Vault does.
 */

interface Token {
  ttl: number
  readonly maxTtl: number
  granted: number
  readonly renewable: boolean
}

interface TokenOptions {
  readonly ttl: number
  readonly maxTtl: number
  readonly renewable: boolean
}

interface Lease {
  readonly token: string
  readonly path: string
  granted: number
  readonly maxTtl: number
}

/** Options of {@link startVault}. */
export interface VaultServerOptions {
  readonly tls?: Certificate
  readonly namespace?: string
  /** Lifetime of tokens from a sign-in, in seconds, and in total with renewals. */
  readonly tokenTtl?: number
  readonly tokenMaxTtl?: number
  readonly leaseTtl?: number
  readonly leaseMaxTtl?: number
  /** Creates credentials for a role of the database engine. */
  readonly issue?: (role: string) => Promise<{ readonly username: string; readonly password: string }>
}

/** A stand-in for Vault. */
export class VaultServer implements AsyncDisposable {
  /** The data of KV version 2 by path: `secret/data/shop`. */
  readonly kv = new Map<string, Record<string, unknown> | null>()
  /** The paths that no token may read. */
  readonly denied = new Set<string>()
  readonly tokens = new Map<string, Token>()
  readonly leases = new Map<string, Lease>()
  /** The accepted requests: `GET secret/data/shop`. */
  readonly requests: string[] = []
  /** The reasons of requests that the real Vault would not understand. */
  readonly faults: string[] = []
  readonly roleId: string = randomUUID()
  secretId: string = randomUUID()
  jwt: string = `header.${randomUUID()}.signature`
  /** Delays all responses. */
  gate: Promise<void> | undefined
  /** The status of every response while Vault is down. */
  downStatus: number | undefined
  readonly #server: Server
  readonly #options: VaultServerOptions

  constructor(options: VaultServerOptions) {
    this.#options = options
    const listener: RequestListener = (request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(body === undefined ? '' : JSON.stringify(body))
      })
    }
    this.#server = options.tls
      ? createTlsServer({ cert: options.tls.certificate, key: options.tls.key }, listener)
      : createServer(listener)
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${port}`
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  /** Creates a token. */
  addToken({ ttl, maxTtl, renewable }: TokenOptions = { ttl: 0, maxTtl: 0, renewable: false }): string {
    const token = `hvs.${randomUUID()}`
    this.tokens.set(token, { ttl, maxTtl, granted: ttl, renewable })
    return token
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body?: unknown }> {
    const sent = await text(request)
    await this.gate
    const body: unknown = sent === '' ? undefined : JSON.parse(sent)
    if (this.downStatus !== undefined) return errors(this.downStatus, 'Vault is sealed')
    const { method = '', url = '', headers } = request
    if (headers['x-vault-request'] !== 'true') return this.#fault('X-Vault-Request is missing')
    if (headers['x-vault-namespace'] !== this.#options.namespace) return this.#fault('another namespace')
    if (!url.startsWith('/v1/')) return this.#fault(`the path ${url}`)
    const path = url.slice('/v1/'.length)
    const found = await this.#route(`${method} ${path}`, path, {
      body,
      token: headers['x-vault-token'] as string,
    })
    if (found.status === 200 || found.status === 204) this.requests.push(`${method} ${path}`)
    return found
  }

  async #route(
    what: string,
    path: string,
    { body, token }: { readonly body: unknown; readonly token: string | undefined },
  ): Promise<{ status: number; body?: unknown }> {
    if (what === 'PUT auth/approle/login') {
      if (token !== undefined) return this.#fault('a sign-in with a token')
      if (!isEqual(body, { role_id: this.roleId, secret_id: this.secretId }))
        return errors(400, 'invalid role or secret ID')
      return this.#signedIn()
    }
    if (what === 'PUT auth/kubernetes/login') {
      if (!isEqual(body, { role: 'shop', jwt: this.jwt })) return errors(403, 'permission denied')
      return this.#signedIn()
    }
    const known = this.tokens.get(token ?? '')
    if (!known) return errors(403, 'permission denied; invalid token')
    if (what === 'GET auth/token/lookup-self')
      return { status: 200, body: { data: { ttl: known.granted, renewable: known.renewable } } }
    if (what === 'PUT auth/token/renew-self') {
      if (!known.renewable) return errors(400, 'lease is not renewable')
      known.granted = Math.min(known.ttl, known.maxTtl - known.ttl)
      return { status: 200, body: { auth: authOf(token!, known) } }
    }
    if (what === 'PUT auth/token/revoke-self') {
      this.#revoke(token!)
      return { status: 204 }
    }
    if (what === 'PUT sys/leases/renew') {
      const { lease_id: id, increment, ...others } = body as Record<string, unknown>
      if (typeof increment !== 'number' || Object.keys(others).length > 0)
        return this.#fault('the lease body')
      const lease = this.leases.get(String(id))
      if (!lease) return errors(400, 'lease not found')
      lease.granted = Math.min(this.#options.leaseTtl ?? 60, lease.maxTtl)
      return { status: 200, body: { lease_id: id, lease_duration: lease.granted, renewable: true } }
    }
    if (!what.startsWith('GET ')) return this.#fault(what)
    if (this.denied.has(path)) return errors(403, 'permission denied')
    const role = /^database\/creds\/([a-z]+)$/.exec(path)?.[1]
    if (role !== undefined && this.#options.issue)
      return this.#lease(path, token!, await this.#options.issue(role))
    const data = this.kv.get(path)
    if (data === undefined) return errors(404)
    return {
      status: data === null ? 404 : 200,
      body: { data: { data, metadata: { version: 1 } }, lease_duration: 0 },
    }
  }

  #signedIn(): { status: number; body?: unknown } {
    const { tokenTtl = 3_600, tokenMaxTtl = tokenTtl * 10 } = this.#options
    const token = this.addToken({ ttl: tokenTtl, maxTtl: tokenMaxTtl, renewable: true })
    return { status: 200, body: { auth: authOf(token, this.tokens.get(token)!) } }
  }

  #lease(
    path: string,
    token: string,
    data: Readonly<Record<string, unknown>>,
  ): { status: number; body?: unknown } {
    const { leaseTtl = 60, leaseMaxTtl = leaseTtl * 10 } = this.#options
    const id = `${path}/${randomUUID()}`
    this.leases.set(id, { token, path, granted: leaseTtl, maxTtl: leaseMaxTtl })
    return { status: 200, body: { lease_id: id, lease_duration: leaseTtl, renewable: true, data } }
  }

  #revoke(token: string): void {
    this.tokens.delete(token)
    for (const [id, lease] of this.leases) if (lease.token === token) this.leases.delete(id)
  }

  #fault(what: string): { status: number; body?: unknown } {
    this.faults.push(what)
    return errors(400, what)
  }
}

function authOf(token: string, { granted, renewable }: Token) {
  return { client_token: token, lease_duration: granted, renewable }
}

function errors(status: number, ...messages: readonly string[]) {
  return { status, body: { errors: messages } }
}

function isEqual(one: unknown, other: Readonly<Record<string, unknown>>): boolean {
  if (typeof one !== 'object' || one === null) return false
  const entries = Object.entries(one)
  return (
    entries.length === Object.keys(other).length && entries.every(([name, value]) => other[name] === value)
  )
}

/** Starts a stand-in for Vault. */
export async function startVault(options: VaultServerOptions = {}): Promise<VaultServer> {
  return new VaultServer(options).listen()
}

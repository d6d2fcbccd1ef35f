import { constants, createHmac, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A key pair of a test issuer. */
export interface TestKey {
  readonly id: string
  readonly algorithm: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Members of the header or the payload of a token. */
export type Members = Readonly<Record<string, unknown>>

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

/** Creates a key pair for an algorithm. */
export function createKey(algorithm: string, id: string = randomUUID(), bits = 2048): TestKey {
  return { id, algorithm, ...createPair(algorithm, bits) }
}

function createPair(
  algorithm: string,
  modulusLength: number,
): { publicKey: KeyObject; privateKey: KeyObject } {
  const curve = curves[algorithm]
  if (curve !== undefined) return generateKeyPairSync('ec', { namedCurve: curve })
  return algorithm.startsWith('Ed')
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength })
}

/** Returns a public key as a member of a key set. */
export function toJwk({ id, algorithm, publicKey }: TestKey, more: Members = {}): Members {
  return { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig', ...more }
}

/** Encodes a part of a token. */
export function encodePart(part: Members | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

/** Signs a text with an algorithm of JWS. */
export function signText(text: string, algorithm: string, key: KeyObject | Buffer): Buffer {
  const hash = `sha${algorithm.slice(-3)}`
  const bytes = Buffer.from(text)
  if (Buffer.isBuffer(key)) return createHmac(hash, key).update(text).digest()
  if (algorithm.startsWith('Ed')) return sign(null, bytes, key)
  if (algorithm.startsWith('ES')) return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' })
  const padding = algorithm.startsWith('PS') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  return sign(hash, bytes, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST })
}

/** A test issuer, which serves its key set on a loopback address. */
export class TestIssuer {
  readonly url: string
  readonly audience = 'https://api.example.com'
  readonly key: TestKey
  /** The served key set. */
  keys: readonly unknown[]
  /** The requested paths. */
  readonly requests: string[] = []
  /** Answers requests instead of the issuer, if it returns true. */
  respond: (request: IncomingMessage, response: ServerResponse) => boolean = () => false
  /** The metadata members that differ from the default. */
  metadata: Members = {}

  constructor(url: string, key: TestKey) {
    this.url = url
    this.key = key
    this.keys = [toJwk(key)]
  }

  /** Returns valid claims at a time, with changes. */
  claims(nowMs: number, changes: Members = {}): Members {
    const seconds = Math.floor(nowMs / 1_000)
    return {
      iss: this.url,
      aud: this.audience,
      sub: 'ann',
      client_id: 'shop',
      scope: 'orders:read orders:write',
      iat: seconds,
      exp: seconds + 300,
      jti: randomUUID(),
      ...changes,
    }
  }

  /** Returns a valid header, with changes. */
  header(changes: Members = {}): Members {
    return { alg: this.key.algorithm, typ: 'at+jwt', kid: this.key.id, ...changes }
  }

  /** Returns a token signed with the issuer's key, or with a different key. */
  token(header: Members | string, payload: Members | string, key: TestKey = this.key): string {
    const text = `${encodePart(header)}.${encodePart(payload)}`
    return `${text}.${signText(text, key.algorithm, key.privateKey).toString('base64url')}`
  }

  /** Returns a valid token, with changed claims. */
  tokenAt(nowMs: number, changes: Members = {}): string {
    return this.token(this.header(), this.claims(nowMs, changes))
  }

  /** Answers a request as an issuer does. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? ''
    this.requests.push(path)
    if (this.respond(request, response)) return
    const body = this.#documentAt(path)
    response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  #documentAt(path: string): unknown {
    if (path === '/jwks') return { keys: this.keys }
    if (path !== '/.well-known/openid-configuration') return undefined
    return { issuer: this.url, jwks_uri: `${this.url}/jwks`, ...this.metadata }
  }
}

/** Starts an issuer, for the duration of a test. */
export async function startIssuer(key: TestKey = createKey('ES256')): Promise<TestIssuer> {
  const server = createServer((request, response) => issuer.answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const issuer = new TestIssuer(`http://127.0.0.1:${port}`, key)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return issuer
}

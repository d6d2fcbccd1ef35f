import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { CredentialJson } from './credential-input.ts'

/** The parts of a response that an attacker changes. */
export interface Changes {
  readonly origin?: string
  readonly domain?: string
  readonly type?: string
  /** The flags of the authenticator data: 1 is presence, 4 is verification. */
  readonly flags?: number
  readonly counter?: number
  readonly challenge?: string
  readonly userHandle?: string
  readonly id?: string
  /** Signs with this key instead of the passkey's. */
  readonly key?: KeyObject
}

/** An authenticator in software, with one passkey. */
export interface SoftwareAuthenticator {
  readonly id: string
  create(challenge: string, changes?: Changes): CredentialJson
  get(request: { readonly challenge: string; readonly userHandle: string }, changes?: Changes): CredentialJson
}

const origin = 'https://app.test'
const domain = 'app.test'
const present = 1
const verified = 4
const attested = 0x40

/** Returns an authenticator with a new key: ES256, Ed25519 or RS256. */
export function softwareAuthenticator(kind: 'ec' | 'ed25519' | 'rsa' = 'ec'): SoftwareAuthenticator {
  const { privateKey, publicKey } = newKey(kind)
  const idBytes = randomBytes(32)
  const id = idBytes.toString('base64url')
  const jwk = publicKey.export({ format: 'jwk' })
  const clientData = (type: string, challenge: string, changes: Changes): Buffer =>
    Buffer.from(
      JSON.stringify({
        type: changes.type ?? type,
        challenge: changes.challenge ?? challenge,
        origin: changes.origin ?? origin,
        crossOrigin: false,
      }),
    )
  const head = (flags: number, changes: Changes): Buffer => {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(changes.counter ?? 0)
    const hash = createHash('sha256')
      .update(changes.domain ?? domain)
      .digest()
    return Buffer.concat([hash, Buffer.of(changes.flags ?? flags), counter])
  }
  return {
    id,
    create(challenge, changes = {}) {
      const given = changes.id === undefined ? idBytes : Buffer.from(changes.id, 'base64url')
      const flags = (changes.flags ?? present | verified) | attested
      const data = Buffer.concat([
        head(flags, { ...changes, flags }),
        Buffer.alloc(16),
        Buffer.of(given.length >> 8, given.length & 0xff),
        given,
        encode(toCose(kind, jwk as Record<string, string>)),
      ])
      const attestation = encode(
        new Map<string, Cbor>([
          ['fmt', 'none'],
          ['attStmt', new Map()],
          ['authData', data],
        ]),
      )
      const text = given.toString('base64url')
      return {
        id: text,
        rawId: text,
        type: 'public-key',
        response: {
          clientDataJSON: clientData('webauthn.create', challenge, changes).toString('base64url'),
          attestationObject: attestation.toString('base64url'),
          transports: ['internal'],
        },
      }
    },
    get({ challenge, userHandle }, changes = {}) {
      const client = clientData('webauthn.get', challenge, changes)
      const data = head(present | verified, changes)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      const signature = sign(kind === 'ed25519' ? null : 'sha256', signed, changes.key ?? privateKey)
      return {
        id: changes.id ?? id,
        rawId: changes.id ?? id,
        type: 'public-key',
        response: {
          clientDataJSON: client.toString('base64url'),
          authenticatorData: data.toString('base64url'),
          signature: signature.toString('base64url'),
          userHandle: changes.userHandle ?? userHandle,
        },
      }
    },
  }
}

function newKey(kind: 'ec' | 'ed25519' | 'rsa') {
  if (kind === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
}

/** Returns a public key as COSE (RFC 9053). */
function toCose(kind: 'ec' | 'ed25519' | 'rsa', jwk: Readonly<Record<string, string>>): Map<number, Cbor> {
  const bytes = (name: string): Buffer => Buffer.from(jwk[name]!, 'base64url')
  if (kind === 'ec')
    return new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes('x')],
      [-3, bytes('y')],
    ])
  if (kind === 'rsa')
    return new Map<number, Cbor>([
      [1, 3],
      [3, -257],
      [-1, bytes('n')],
      [-2, bytes('e')],
    ])
  return new Map<number, Cbor>([
    [1, 1],
    [3, -8],
    [-1, 6],
    [-2, bytes('x')],
  ])
}

type Cbor = number | string | Buffer | Map<string | number, Cbor>

/** Encodes a value as CBOR (RFC 8949). */
function encode(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? prefix(1, -1 - value) : prefix(0, value)
  if (typeof value === 'string')
    return Buffer.concat([prefix(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([prefix(2, value.length), value])
  return Buffer.concat([prefix(5, value.size), ...[...value].flat().map((each) => encode(each))])
}

function prefix(major: number, length: number): Buffer {
  if (length < 24) return Buffer.of((major << 5) | length)
  if (length < 256) return Buffer.of((major << 5) | 24, length)
  return Buffer.of((major << 5) | 25, length >> 8, length & 0xff)
}

import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { Sealer } from '../../kernel/host/sealer.ts'

/*
 * The keys of an issuer, one for each period. They are derived and never stored:
 *
 *   seed of a period = HKDF(key derived from a secret key, issuer and number of the period)
 *
 * - All processes with the same SECRET_KEYS have the same keys, without a table and without a
 *   leader. A copy of the database contains no key.
 * - The key set contains the keys of the previous, the current and the next period, of each secret
 *   key. So every key is published for a whole period before it signs and after it has signed, and
 *   neither the caches of verifiers nor clocks that differ matter.
 */

/** A key of a period. */
export interface PeriodKey {
  /** The thumbprint of the public key (RFC 7638). */
  readonly id: string
  readonly privateKey: KeyObject
  /** The public key as a JWK. */
  readonly jwk: Readonly<Record<string, string>>
}

const periodMs = 7 * 86_400_000
const seedBytes = 32
const maxKnown = 100

// The header of an Ed25519 private key in PKCS #8 (RFC 8410 section 7), before the 32-byte seed.
const pkcs8Header = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The keys of one issuer, which are derived once in each process. */
export class PeriodKeys {
  readonly #issuer: string
  readonly #known = new Map<string, PeriodKey>()

  constructor(issuer: string) {
    this.#issuer = issuer
  }

  /** Returns the key that signs at a time: that of the first secret key. */
  signing(sealer: Sealer, nowMs: number): PeriodKey {
    const [newest] = sealer.deriveKeys('token-issuer')
    return this.#keyOf(newest!, periodAt(nowMs))
  }

  /** Returns the keys whose tokens may be in use at a time, or will be in the next period. */
  published(sealer: Sealer, nowMs: number): readonly PeriodKey[] {
    const period = periodAt(nowMs)
    return sealer
      .deriveKeys('token-issuer')
      .flatMap((secret) => [period, period + 1, period - 1].map((each) => this.#keyOf(secret, each)))
  }

  #keyOf(secret: Uint8Array, period: number): PeriodKey {
    const seed = Buffer.from(hkdfSync('sha256', secret, this.#issuer, `period ${period}`, seedBytes))
    const id = createHash('sha256').update(seed).digest('base64url')
    const known = this.#known.get(id)
    if (known) return known
    const key = toKey(seed)
    this.#known.set(id, key)
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value!)
    return key
  }
}

function periodAt(ms: number): number {
  return Math.floor(ms / periodMs)
}

function toKey(seed: Buffer): PeriodKey {
  const der = Buffer.concat([pkcs8Header, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const { crv, kty, x } = createPublicKey(privateKey).export({ format: 'jwk' }) as Record<string, string>
  const id = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
  return { id, privateKey, jwk: { kty: kty!, crv: crv!, x: x!, kid: id, alg: 'EdDSA', use: 'sig' } }
}

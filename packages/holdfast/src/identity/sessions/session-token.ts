import { hash, randomBytes } from 'node:crypto'

/** A new token, and the hash that the database stores. */
export interface NewToken {
  readonly token: string
  readonly tokenHash: Buffer
}

const form = /^[A-Za-z0-9_-]{43}$/

/** Returns a new token with 256 random bits. */
export function createToken(): NewToken {
  const token = randomBytes(32).toString('base64url')
  return { token, tokenHash: hashToken(token) }
}

/** Returns true if a text has the form of a token. */
export function isToken(text: string): boolean {
  return form.test(text)
}

/** Returns the SHA-256 of a token. A token is random, so it needs no salt and no slow hash. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer')
}

import { base64url } from 'jose'
import { parseStrictJson } from '../../kernel/base/strict-json/parse-strict-json.ts'
import { TokenRefused } from './token-refused.ts'

/** The claims of a token (RFC 7519 section 4). */
export type TokenClaims = Readonly<Record<string, unknown>>

/** The members of a token's header that are used. */
export interface TokenHeader {
  readonly algorithm: string
  readonly type: string | undefined
  readonly keyId: string | undefined
  /** All members of the header. */
  readonly members: Readonly<Record<string, unknown>>
}

/** A token with a signature that is yet to be verified. */
export interface CompactToken {
  readonly text: string
  readonly header: TokenHeader
  readonly claims: TokenClaims
}

// A JSON object starts with a brace, and then a quotation mark or a space: `eyJ`, `eyA` in base64.
const start = /^e[wy][\w-]*\./

/**
 * Returns true if credentials are a JWT, valid or not. Credentials in a different form, such as an
 * API key, belong to a different identifier.
 */
export function looksLikeToken(credentials: string): boolean {
  return start.test(credentials)
}

const maxKeyIdLength = 512
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a token in compact form (RFC 7515 section 3.1), strictly: canonical base64url, UTF-8, and
 * no duplicate names. Otherwise, a different parser could read different claims.
 *
 * @param kind a DPoP proof contains its key; a token must not.
 * @throws TokenRefused
 */
export function parseToken(text: string, maxBytes: number, kind: 'token' | 'proof' = 'token'): CompactToken {
  if (text.length > maxBytes) throw new TokenRefused(`it is longer than ${maxBytes} bytes`)
  const parts = text.split('.', 6)
  if (parts.length !== 3) throw new TokenRefused(`it has ${parts.length} parts instead of three`)
  const [header = '', payload = '', signature = ''] = parts
  if (signature === '') throw new TokenRefused('it has no signature')
  if (!isCanonical(signature)) throw new TokenRefused('its signature is not canonical base64url')
  return {
    text,
    header: toHeader(readObject(header, 'header'), kind),
    claims: readObject(payload, 'payload'),
  }
}

function readObject(part: string, name: string): Readonly<Record<string, unknown>> {
  if (!isCanonical(part)) throw new TokenRefused(`its ${name} is not canonical base64url`)
  const bytes = base64url.decode(part)
  let value: unknown
  try {
    ;({ value } = parseStrictJson(utf8.decode(bytes), bytes))
  } catch (error) {
    throw new TokenRefused(`its ${name} is not valid JSON, or has a duplicate name`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TokenRefused(`its ${name} is not an object`)
  return value as Readonly<Record<string, unknown>>
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const characters = /^[\w-]+$/

/**
 * Returns true if a text is base64url in its canonical form: without padding, and with zeros as its
 * unused bits. Otherwise, one token could have several texts.
 */
function isCanonical(text: string): boolean {
  if (!characters.test(text)) return false
  const rest = text.length % 4
  if (rest === 1) return false
  const unused = rest === 2 ? 0b1111 : rest === 3 ? 0b11 : 0
  return (alphabet.indexOf(text.at(-1)!) & unused) === 0
}

/**
 * Members that change how a token has to be read, or which key verifies it. Critical extensions
 * must be refused by a reader that does not know them (RFC 7515 section 4.1.11), and none is known
 * here. An embedded key proves nothing (RFC 8725 section 3.10), except in a DPoP proof, which shows
 * that its sender has this key.
 */
const refusedMembers = {
  token: ['crit', 'b64', 'jwk', 'zip', 'enc'],
  proof: ['crit', 'b64', 'zip', 'enc'],
} as const

function toHeader(members: Readonly<Record<string, unknown>>, kind: 'token' | 'proof'): TokenHeader {
  const { alg, typ, kid, cty } = members
  const refused = refusedMembers[kind].find((name) => Object.hasOwn(members, name))
  if (refused !== undefined) throw new TokenRefused(`its header has the member "${refused}"`)
  if (typeof cty === 'string' && normalizeType(cty) === 'jwt')
    throw new TokenRefused('it contains another token')
  if (typeof alg !== 'string') throw new TokenRefused('its header has no algorithm')
  if (typ !== undefined && typeof typ !== 'string') throw new TokenRefused('its "typ" is not a string')
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maxKeyIdLength))
    throw new TokenRefused(`its "kid" is not a string of at most ${maxKeyIdLength} characters`)
  return { algorithm: alg, type: typ, keyId: kid, members }
}

/** Returns a media type without `application/` and in lower case (RFC 7515 section 4.1.9). */
export function normalizeType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '')
}

import type { Clock } from '../base/clock.ts'
import { HoldfastError } from '../base/holdfast-error.ts'
import type { SigningKey, SigningKeys } from './signing-keys.ts'

// The length of the signature: 128 bits. RFC 2104 section 5 requires at least half of the digest,
// and at least 80 bits.
const tagLength = 16
const version = 2
/** The version of a cursor with a compressed payload. */
const compressedVersion = 3
// Payloads of at least this length are compressed. Compressing a shorter one saves nothing.
const compressFromBytes = 1_024
// The version and the key id.
const headLength = 2
// Min interval between reloads of the keys. Without it, every cursor with an unknown key id would
// cause a reload.
const refreshEveryMs = 5_000

/** The payload of a cursor. */
export type CursorPayload = readonly (string | null)[]

/** Seals positions into opaque, signed cursors, and opens them again. */
export interface CursorCodec {
  /**
   * Returns an opaque cursor for a position. `binding` names the list and its filters; the cursor
   * opens only with the same binding.
   */
  seal(payload: CursorPayload, binding: string): Promise<string>
  /**
   * Returns the payload of a cursor, or `undefined` if it is forged, damaged, bound to something
   * else, or signed with a removed key.
   */
  open(cursor: string, binding: string): Promise<CursorPayload | undefined>
}

/**
 * The type is derived from `importKey`, because some supported versions of the Node types do not
 * declare `CryptoKey` globally.
 */
type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/**
 * Creates a codec that authenticates cursors with HMAC-SHA-256. It signs with the first key, and
 * accepts signatures of all keys.
 */
export async function createCursorCodec(signing: SigningKeys, clock: Clock): Promise<CursorCodec> {
  let keys = await importKeys(signing.keys)
  let refreshedMs = -Infinity

  async function keyOf(id: number): Promise<HmacKey | undefined> {
    const known = keys.get(id)
    if (known || clock.monotonicMs() - refreshedMs < refreshEveryMs) return known
    refreshedMs = clock.monotonicMs()
    keys = await importKeys(await signing.refresh())
    return keys.get(id)
  }

  return {
    async seal(payload, binding) {
      const [id, key] = keys.entries().next().value!
      // A line feed separates the payload from the binding unambiguously, because JSON.stringify
      // escapes line feeds. Compressed data marks its own end.
      const plain = new TextEncoder().encode(`${JSON.stringify(payload)}\n`)
      const isLong = plain.length >= compressFromBytes
      const text = isLong ? await transformed(plain, new CompressionStream('deflate-raw')) : plain
      const head = Uint8Array.of(isLong ? compressedVersion : version, id)
      return toBase64Url(concat(head, await tagOf(key, concat(head, text), binding), text))
    },
    async open(cursor, binding) {
      const bytes = fromBase64Url(cursor)
      if (!bytes || !isVersion(bytes[0]) || bytes.length <= headLength + tagLength) return undefined
      const key = await keyOf(bytes[1]!)
      if (!key) return undefined
      const text = bytes.subarray(headLength + tagLength)
      const expected = await tagOf(key, concat(bytes.subarray(0, headLength), text), binding)
      if (!equalInConstantTime(bytes.subarray(headLength, headLength + tagLength), expected)) return undefined
      // The payload is authenticated, so decompressing it cannot produce more data than the service
      // sealed.
      const plain =
        bytes[0] === compressedVersion
          ? await transformed(text, new DecompressionStream('deflate-raw'))
          : text
      return JSON.parse(new TextDecoder().decode(plain)) as CursorPayload
    },
  }
}

function isVersion(byte: number | undefined): boolean {
  return byte === version || byte === compressedVersion
}

async function transformed(
  bytes: Uint8Array,
  by: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const stream = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(by)
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Returns the keys by id, newest first. */
async function importKeys(keys: readonly SigningKey[]): Promise<ReadonlyMap<number, HmacKey>> {
  if (keys.length === 0 || keys.some(({ secret }) => secret.length < 16)) {
    throw new HoldfastError(
      'cursor-secret-too-short',
      'Cursor secrets are missing or too short: pass at least one secret; each must be at least 16 bytes long.',
    )
  }
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = keys.map(async ({ id, secret }) => {
    const key = await crypto.subtle.importKey('raw', Uint8Array.from(secret), algorithm, false, ['sign'])
    return [id, key] as const
  })
  return new Map(await Promise.all(imported))
}

async function tagOf(key: HmacKey, content: Uint8Array, binding: string): Promise<Uint8Array> {
  const message = concat(content, new TextEncoder().encode(binding))
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, message)).subarray(0, tagLength)
}

function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0)
  return difference === 0
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  // The last character can contain unused bits. Only the canonical form is accepted.
  return toBase64Url(bytes) === text ? bytes : undefined
}

import { HoldfastError } from './holdfast-error.ts'

// Truncated to 128 bits: RFC 2104 section 5 asks for at least half of the digest, and 80 bits.
const tagLength = 16
const version = 1

/** Seals positions into opaque cursors, and opens those that it sealed. */
export interface CursorCodec {
  /** An opaque cursor for a position. `binding` names the list and its filters: nothing else opens the cursor. */
  seal(position: readonly string[], binding: string): Promise<string>
  /** The position of a cursor, or `undefined` where it is forged, damaged or bound to something else. */
  open(cursor: string, binding: string): Promise<readonly string[] | undefined>
}

/** A codec whose cursors are authenticated by HMAC-SHA-256 under `secret` (at least 16 bytes). */
export async function createCursorCodec(secret: Uint8Array): Promise<CursorCodec> {
  if (secret.length < 16) {
    throw new HoldfastError(
      'cursor-secret-too-short',
      'The secret that signs cursors needs at least 16 bytes.',
    )
  }
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', Uint8Array.from(secret), algorithm, false, ['sign'])

  async function tagOf(payload: Uint8Array, binding: string): Promise<Uint8Array> {
    const bound = new TextEncoder().encode(binding)
    const message = new Uint8Array(1 + payload.length + bound.length)
    message[0] = version
    message.set(payload, 1)
    message.set(bound, 1 + payload.length)
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, message)).subarray(0, tagLength)
  }

  return {
    async seal(position, binding) {
      // The payload ends where the binding begins: JSON.stringify escapes line feeds, so one of them is unambiguous.
      const payload = new TextEncoder().encode(`${JSON.stringify(position)}\n`)
      const tag = await tagOf(payload, binding)
      const bytes = new Uint8Array(1 + tagLength + payload.length)
      bytes[0] = version
      bytes.set(tag, 1)
      bytes.set(payload, 1 + tagLength)
      return toBase64Url(bytes)
    },
    async open(cursor, binding) {
      const bytes = fromBase64Url(cursor)
      if (!bytes || bytes[0] !== version || bytes.length <= 1 + tagLength) return undefined
      const payload = bytes.subarray(1 + tagLength)
      if (!equalInConstantTime(bytes.subarray(1, 1 + tagLength), await tagOf(payload, binding)))
        return undefined
      return JSON.parse(new TextDecoder().decode(payload)) as readonly string[]
    },
  }
}

function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0)
  return difference === 0
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  // The last character may carry bits that decode to nothing: only one spelling of a cursor is taken.
  return toBase64Url(bytes) === text ? bytes : undefined
}

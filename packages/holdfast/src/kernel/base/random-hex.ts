const hexOf: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

// Random bytes are generated in bulk, because a call costs about the same for any number of bytes.
// This is the max number of bytes per call.
const pool = new Uint8Array(65_536)
let used = pool.length

/** Returns cryptographically random bytes as hex, two digits per byte. Max 64 bytes. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  let text = ''
  for (const end = used + bytes; used < end; used += 1) text += hexOf[pool[used]!]!
  return text
}

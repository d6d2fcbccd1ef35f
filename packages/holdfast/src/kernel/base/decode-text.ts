/**
 * The text of a file, or a fault: the end of an error message that begins with the file's name. The
 * fault describes the defect and its position.
 */
export type DecodedText = { readonly text: string; readonly fault?: undefined } | { readonly fault: string }

const lineFeed = 0x0a

/**
 * Decodes a file that has to be UTF-8 text. Drops a UTF-8 byte order mark. Returns a fault for
 * invalid bytes, instead of replacing them with U+FFFD. Also returns a fault for a NUL, which
 * Postgres and C libraries treat as the end of the text.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  if (isUtf16(bytes)) return { fault: 'is encoded in UTF-16. Save it as UTF-8.' }
  const nul = bytes.indexOf(0)
  if (nul !== -1) return { fault: `contains a NUL character, ${lineOf(bytes, nul)}. Remove it.` }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    const fault = `is not valid UTF-8, ${lineOf(bytes, firstInvalid(bytes))}. Save it as UTF-8.`
    return { fault }
  }
}

/**
 * Returns true if the bytes start with a UTF-16 byte order mark or with an ASCII character in
 * UTF-16.
 */
function isUtf16([first, second]: Uint8Array): boolean {
  if (first === undefined || second === undefined) return false
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  return isMarked || (first === 0) !== (second === 0)
}

function lineOf(bytes: Uint8Array, offset: number): string {
  const before = bytes.subarray(0, offset)
  const line = before.reduce((count, byte) => (byte === lineFeed ? count + 1 : count), 1)
  const column = offset - before.lastIndexOf(lineFeed)
  return `at line ${line}, byte ${column} (offset ${offset})`
}

/** Returns the offset of the first byte that is invalid in UTF-8. */
function firstInvalid(bytes: Uint8Array): number {
  // No multi-byte UTF-8 character contains a line feed byte, so the first line that fails to decode
  // contains the first invalid byte.
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(lineFeed, start) + 1 || bytes.length
    if (!isUtf8(bytes.subarray(start, end))) return start + validLength(bytes.subarray(start, end))
    start = end
  }
  return bytes.length
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** Returns the number of leading bytes that form complete characters. */
function validLength(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let length = 0
  try {
    for (let end = 1; end <= bytes.length; end += 1) {
      const isWhole = decoder.decode(bytes.subarray(end - 1, end), { stream: true }) !== ''
      if (isWhole) length = end
    }
  } catch {
    // The last byte is invalid, or the character before it is truncated.
  }
  return length
}

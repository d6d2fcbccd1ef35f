import { isExactNumber } from '../exact-number.ts'

/** The facts about a JSON text that `JSON.parse` does not report. */
export interface JsonScan {
  /** The number of names in all objects of the text. */
  readonly names: number
  /** True if a string has an escape of the form `\u0041`. */
  readonly hasUnicodeEscapes: boolean
}

const quote = 34
const dot = 46
const zero = 48
const nine = 57
const colon = 58
const upperE = 69
const backslash = 92
const lowerE = 101
const lowerU = 117
const openingBracket = 91
const closingBracket = 93
const openingBrace = 123
const closingBrace = 125

const ascii = new TextDecoder()

// A number of at most 15 digits is exact unless it is very large or very small. So a number of this
// length, with an exponent of at most two digits, needs no check.
const safeLength = 15
const safeExponentLength = 4

/**
 * Scans the bytes of a JSON text once, from start to end. The time is always linear: `at` only
 * grows, and no code searches ahead of it. Every byte with a meaning in JSON is ASCII, and the
 * UTF-8 encoding of other characters contains no ASCII bytes.
 *
 * The text need not be valid JSON: `JSON.parse` checks that. Returns `undefined` if the text is
 * nested deeper than `maxDepth`, has a number that is not exact, or has a name with an escape. V8
 * can mistake such a name for a name from another text (nodejs/node#63785): one client could cause
 * the names of another client to be misread.
 */
export function scanJson(bytes: Uint8Array, maxDepth: number): JsonScan | undefined {
  let names = 0
  let depth = 0
  let hasUnicodeEscapes = false
  let isEscaped = false
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at]!
    at += 1
    if (byte === quote) {
      isEscaped = false
      while (at < bytes.length) {
        const inside = bytes[at]!
        at += 1
        if (inside === quote) break
        if (inside !== backslash) continue
        isEscaped = true
        if (bytes[at] === lowerU) hasUnicodeEscapes = true
        at += 1
      }
    } else if (byte === colon) {
      // The string that precedes a colon is a name.
      if (isEscaped) return undefined
      names += 1
    } else if (byte === openingBracket || byte === openingBrace) {
      depth += 1
      if (depth > maxDepth) return undefined
    } else if (byte === closingBracket || byte === closingBrace) {
      depth -= 1
    } else if (isDigit(byte)) {
      const end = endOfNumber(bytes, at)
      if (end === undefined) return undefined
      at = end
    }
  }
  return { names, hasUnicodeEscapes }
}

/**
 * Returns the end of a number; `undefined` if the number is not exact. `start` is the position
 * after the number's first digit.
 */
function endOfNumber(bytes: Uint8Array, start: number): number | undefined {
  let at = start
  let byte = bytes[at]!
  while (isDigit(byte) || byte === dot) byte = bytes[++at]!
  const endOfMantissa = at
  if (byte === lowerE || byte === upperE) {
    byte = bytes[++at]!
    if (!isDigit(byte)) byte = bytes[++at]!
    while (isDigit(byte)) byte = bytes[++at]!
  }
  if (endOfMantissa - start < safeLength && at - endOfMantissa < safeExponentLength) return at
  return isExactNumber(ascii.decode(bytes.subarray(start - 1, at))) ? at : undefined
}

/**
 * Returns true if a byte is a digit. Returns false past the end of the text, where the byte is
 * undefined.
 */
function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine
}

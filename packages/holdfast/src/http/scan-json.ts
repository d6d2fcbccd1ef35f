import { isExactNumber } from '../kernel/exact-number.ts'

/** The facts about a JSON text that `JSON.parse` does not report. */
export interface JsonScan {
  /** The number of names in all of its objects. */
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

// A number of at most 15 digits is always exact if it is neither very large nor very small: if it is
// not longer than this, and its exponent with the sign has at most two digits.
const safeLength = 15
const safeExponentLength = 4

/**
 * Reads the bytes of a JSON text once, from start to end: `at` only grows, and nothing is searched
 * for, so that the time is in proportion to the length however the code is compiled. Every byte that
 * JSON gives a meaning is ASCII, and no byte of another character in UTF-8 is.
 *
 * The text need not be JSON: `JSON.parse` finds out. Returns `undefined` if it is nested deeper than
 * `maxDepth`, has a number that is not exact, or has a name with an escape: V8 can take such a name for
 * one that it has seen in another text (nodejs/node#63785), so that one client could have the names of
 * another misread.
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
      // The string before a colon is a name.
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

/** Returns where the number ends whose first digit stands before `start`; `undefined` if it is not exact. */
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

/** Past the end of the bytes there is no byte, and so no digit. */
function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine
}

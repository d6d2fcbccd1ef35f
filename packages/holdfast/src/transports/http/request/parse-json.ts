/**
 * The strict parser of JSON bodies.
 *
 * A proxy, a signature check and the service have to see the same request. Therefore this parser
 * rejects texts that two parsers could read differently, although `JSON.parse` accepts them. Almost
 * every text takes the fast path:
 *
 *     bytes ─→ scanJson, once over the bytes ─→ JSON.parse ─→ count the members
 *                   │ in doubt                     │ throws        │ not as many as names
 *                   └──────────────→ readJson, slow: returns the value, or finds the error
 *
 * Both paths take linear time and accept the same texts.
 */
import { BadRequest } from '../../../kernel/problem/problems.ts'
import { JsonFault, readJson } from './json-reader.ts'
import { scanJson } from './scan-json.ts'
import { rejectUnstorableJson } from './storable-text.ts'

/** The max depth of nested arrays and objects: later code traverses values recursively. */
export const maxDepth = 100

// The decoder keeps a byte order mark, so that the parser rejects it: RFC 8259 section 8.1 does not
// allow one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses JSON (RFC 8259) in UTF-8. Also rejects a duplicate name in an object, the name
 * `__proto__`, a number that a double cannot represent exactly, nesting deeper than `maxDepth`, and
 * text that cannot be stored. Throws `BadRequest`, which contains the location of the error, but no
 * part of the text.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  const scan = scanJson(bytes, maxDepth)
  const value = (scan && parseQuickly(text, scan.names)) ?? parseStrictly(text)
  // Without an escape, every text can be stored: the bytes are valid UTF-8, and JSON allows no
  // unescaped control characters.
  if (scan?.hasUnicodeEscapes !== false) rejectUnstorableJson(value)
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw BadRequest({ detail: 'The body is not valid UTF-8.' })
  }
}

/**
 * Returns the value of a text with this number of names; `undefined` if the text is invalid or has
 * a duplicate name.
 */
function parseQuickly(text: string, names: number): unknown {
  try {
    const value: unknown = JSON.parse(text)
    // If the text has a duplicate name, the value has fewer members than the text has names.
    return countMembers([value]) === names ? value : undefined
  } catch {
    return undefined
  }
}

function parseStrictly(text: string): unknown {
  try {
    return readJson(text, maxDepth)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    throw BadRequest({ detail: `The body is not valid JSON: ${error.message}.` })
  }
}

/** Returns the number of members of all objects in a value; `NaN` if one of them is `__proto__`. */
function countMembers(value: object): number {
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  let count = 0
  if (!Array.isArray(value)) count = Object.hasOwn(value, '__proto__') ? NaN : members.length
  for (const member of members) {
    if (typeof member === 'object' && member !== null) count += countMembers(member)
  }
  return count
}

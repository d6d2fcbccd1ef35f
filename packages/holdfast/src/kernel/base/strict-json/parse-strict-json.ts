/**
 * The strict parser of JSON from outside: bodies and tokens.
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
import { readJson } from './json-reader.ts'
import { scanJson } from './scan-json.ts'

/** The max depth of nested arrays and objects, since later code traverses values recursively. */
export const maxDepth = 100

/** The value of a JSON text. */
export interface StrictJson {
  readonly value: unknown
  /** False if no string in the text has an escape of the form `\u0041`. */
  readonly mayHaveUnicodeEscapes: boolean
}

/**
 * Parses JSON (RFC 8259). Also rejects a duplicate name in an object, the name `__proto__`, a
 * number that a double cannot represent exactly, and nesting deeper than `maxDepth`.
 *
 * @param bytes the text in UTF-8.
 * @throws JsonFault with the location of the error, but no part of the text.
 */
export function parseStrictJson(text: string, bytes: Uint8Array): StrictJson {
  const scan = scanJson(bytes, maxDepth)
  return {
    value: (scan && parseQuickly(text, scan.names)) ?? readJson(text, maxDepth),
    mayHaveUnicodeEscapes: scan?.hasUnicodeEscapes !== false,
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

/**
 * Returns the number of members in all objects of a value; `NaN` if one of them is named
 * `__proto__`.
 */
function countMembers(value: object): number {
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  let count = 0
  if (!Array.isArray(value)) count = Object.hasOwn(value, '__proto__') ? NaN : members.length
  for (const member of members) {
    if (typeof member === 'object' && member !== null) count += countMembers(member)
  }
  return count
}

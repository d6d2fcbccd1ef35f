/**
 * The strict reader of JSON bodies.
 *
 * A proxy, a signature check and the service have to see the same request, so that whatever two readers
 * could read differently is refused, although `JSON.parse` takes it. Almost every text is read quickly:
 *
 *     bytes ─→ scanJson, once over the bytes ─→ JSON.parse ─→ count the members
 *                   │ in doubt                     │ throws        │ another number than of names
 *                   └──────────────→ readJson, slow: returns the value, or finds the fault and its place
 *
 * Both ways take time in proportion to the length of the text, and accept the same texts.
 */
import { BadRequest } from '../kernel/problems.ts'
import { JsonFault, readJson } from './json-reader.ts'
import { scanJson } from './scan-json.ts'
import { refuseUnstorableJson } from './storable-text.ts'

/** The max depth of nested arrays and objects: what walks a value later does so on a stack. */
export const maxDepth = 100

// A byte order mark is kept, so that it is refused: RFC 8259 section 8.1 does not allow one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses JSON (RFC 8259) in UTF-8. Refuses also a name that an object has twice, the name `__proto__`,
 * a number that a double does not hold as it is written, nesting deeper than `maxDepth`, and text that
 * cannot be stored. Throws `BadRequest`, which says where the fault is, and repeats nothing of the text.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  const scan = scanJson(bytes, maxDepth)
  const value = (scan && parseQuickly(text, scan.names)) ?? parseStrictly(text)
  // Text that cannot be stored comes as an escape only: the bytes were UTF-8, and control characters
  // stand in no JSON text.
  if (scan?.hasUnicodeEscapes !== false) refuseUnstorableJson(value)
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw BadRequest({ detail: 'The body is not UTF-8.' })
  }
}

/** Returns the value of a text with so many names; `undefined` if something about it is wrong. */
function parseQuickly(text: string, names: number): unknown {
  try {
    const value: unknown = JSON.parse(text)
    // A name that an object has twice is one member less in the value than there are names in the text.
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
    throw BadRequest({ detail: `The body cannot be read as JSON: ${error.message}.` })
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

import { BadRequest } from '../kernel/problems.ts'
import { JsonFault, readJson } from './json-reader.ts'
import { refuseUnstorableJson } from './storable-text.ts'

/** How deep arrays and objects may be nested: what walks a value later does so on a stack. */
export const maxDepth = 100

const quote = 34
const colon = 58
const backslash = 92

/**
 * Parses JSON (RFC 8259). Names that come twice in an object, the name `__proto__`, and numbers beyond those of IEEE 754 are refused
 * too: readers disagree about what they mean. Throws `BadRequest`, which says where, and repeats nothing of the text.
 */
export function parseJson(text: string): unknown {
  const value = parseQuickly(text) ?? parseStrictly(text)
  // Without an escape there is none: the bytes were UTF-8, and control characters stand in no JSON text.
  if (text.includes('\\u')) refuseUnstorableJson(value)
  return value
}

/** What a text means; `undefined` where something about it is wrong or in doubt. */
function parseQuickly(text: string): unknown {
  const names = countNames(text)
  if (names === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    // A name that comes twice is one member less in the value than there are in the text.
    return countMembers(value, 0) === names ? value : undefined
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

/** The members of all objects of a value; `NaN` where it is nested too deep, or has a member or a number that it may not. */
function countMembers(value: unknown, depth: number): number {
  // JSON cannot write what a number becomes that is too large for a double.
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : NaN
  if (typeof value !== 'object' || value === null) return 0
  if (depth === maxDepth) return NaN
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item, depth + 1)
    return count
  }
  for (const [name, member] of Object.entries(value)) {
    count += name === '__proto__' ? NaN : 1 + countMembers(member, depth + 1)
  }
  return count
}

/**
 * The names in all objects of a JSON text: one for each colon outside of its strings. `undefined` where one of them has an
 * escape: V8 reads such a name as another one that it has seen before, in whatever text (nodejs/node#63785), so that one
 * client could have another's names misread.
 */
function countNames(text: string): number | undefined {
  const mayEscape = text.includes('\\')
  let count = 0
  let start = 0
  let end = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      start = at
      end = endOfString(text, at)
      at = end
    } else if (code === colon) {
      if (mayEscape && text.slice(start, end).includes('\\')) return undefined
      count += 1
    }
  }
  return count
}

/** Where the string that begins at `start` ends; at the end of the text where it does not. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes += 1
  return backslashes % 2 === 1
}

import { BadRequest } from '../kernel/problems.ts'
import { findJsonFault } from './json-fault.ts'

/** How deep arrays and objects may be nested: what walks a value later does so on a stack. */
export const maxDepth = 100

const quote = 34
const colon = 58
const backslash = 92

/**
 * Parses JSON (RFC 8259). Names that come twice in an object, and the name `__proto__`, are refused too: readers disagree
 * about what they mean. Throws `BadRequest`, which says where, and repeats nothing of the text.
 */
export function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse(text)
  }
  // A name that comes twice is one member less in the value than there are in the text.
  if (countMembers(value, 0) !== countColons(text)) throw refuse(text)
  return value
}

function refuse(text: string): Error {
  return BadRequest({ detail: `The body cannot be read as JSON: ${findJsonFault(text, maxDepth)}.` })
}

/** The members of all objects of a value; `NaN` where it is nested too deep or has a member that it may not. */
function countMembers(value: unknown, depth: number): number {
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

/** The colons of a JSON text outside of its strings: one for each member. */
function countColons(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (code === colon) count += 1
  }
  return count
}

/** Where the string that begins at `start` ends. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes += 1
  return backslashes % 2 === 1
}

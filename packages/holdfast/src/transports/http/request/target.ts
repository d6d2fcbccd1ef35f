import { ProblemError } from '../../../kernel/problem/problem.ts'
import { BadRequest } from '../../../kernel/problem/problems.ts'
import { rejectUnstorable } from './storable-text.ts'

/** A parsed request target, still percent-encoded. */
export interface Target {
  readonly path: string
  /** The part after the question mark; empty if there is none. */
  readonly query: string
}

const visibleAscii = /^[\x21-\x7e]*$/
// A path that contains only these characters is already in canonical form.
const unreserved = /^[A-Za-z0-9/._~-]*$/

/**
 * Parses a request target. Returns the path in canonical form, without unnecessary
 * percent-encoding. Throws `BadRequest`.
 */
export function parseTarget(target: string): Target {
  if (!visibleAscii.test(target)) {
    throw BadRequest({
      detail: 'The path or the query string contains a character that must be percent-encoded (RFC 3986).',
    })
  }
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  return { path: canonicalPath(path), query: mark === -1 ? '' : target.slice(mark + 1) }
}

/**
 * Returns a path in the canonical form in which routes are compared. Throws `BadRequest` if its
 * percent-encoding is invalid.
 */
export function canonicalPath(path: string): string {
  if (unreserved.test(path)) return path
  return path
    .split('/')
    .map((segment) => encodeURIComponent(decodeText(segment, 'path')))
    .join('/')
}

/** Decodes percent-encoded text. Throws `BadRequest` if the encoding is invalid. */
export function decodeText(text: string, part: 'path' | 'query string'): string {
  try {
    const decoded = decodeURIComponent(text)
    rejectUnstorable(decoded, part)
    return decoded
  } catch (error) {
    if (error instanceof ProblemError) throw error
    throw BadRequest({
      detail: `The ${part} has an invalid percent escape: a % without two hex digits, or bytes that are not UTF-8.`,
    })
  }
}

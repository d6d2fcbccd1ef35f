import { ProblemError } from '../kernel/problem.ts'
import { BadRequest } from '../kernel/problems.ts'
import { refuseUnstorable } from './storable-text.ts'

/** A request's target taken apart, still percent-encoded. */
export interface Target {
  readonly path: string
  /** What follows the question mark; empty where nothing does. */
  readonly query: string
}

const visibleAscii = /^[\x21-\x7e]*$/
// Of these characters a path has one spelling only.
const unreserved = /^[A-Za-z0-9/._~-]*$/

/**
 * Takes a request's target apart. Its path comes in one spelling, whatever was percent-encoded without need. Throws
 * `BadRequest`.
 */
export function parseTarget(target: string): Target {
  if (!visibleAscii.test(target)) {
    throw BadRequest({
      detail: 'The path or the query string has a character that has to be percent-encoded (RFC 3986).',
    })
  }
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  return { path: canonicalPath(path), query: mark === -1 ? '' : target.slice(mark + 1) }
}

/** A path in the spelling in which routes are compared. Throws `BadRequest` where its percent-encoding is broken. */
export function canonicalPath(path: string): string {
  if (unreserved.test(path)) return path
  return path
    .split('/')
    .map((segment) => encodeURIComponent(decodeText(segment, 'path')))
    .join('/')
}

/** Text without its percent-encoding. Throws `BadRequest` where that is broken. */
export function decodeText(text: string, part: 'path' | 'query string'): string {
  try {
    const decoded = decodeURIComponent(text)
    refuseUnstorable(decoded, part)
    return decoded
  } catch (error) {
    if (error instanceof ProblemError) throw error
    throw BadRequest({
      detail: `The ${part} has a broken percent escape: a % that no two hex digits follow, or bytes that are not UTF-8.`,
    })
  }
}

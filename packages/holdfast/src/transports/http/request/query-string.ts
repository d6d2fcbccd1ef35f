import { BadRequest } from '../../../kernel/problem/problems.ts'
import type { WireInput } from '../../../kernel/operation/wire-input.ts'
import { decodeText } from './target.ts'

/**
 * Parses a query string into all values of each name, in order. A plus sign is a space. Throws
 * `BadRequest`.
 */
export function parseQueryString(query: string): WireInput['query'] {
  if (query === '') return {}
  const fields: Record<string, string[]> = {}
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    if (name === '__proto__')
      throw BadRequest({ detail: 'The query string contains a parameter named "__proto__".' })
    if (!Object.hasOwn(fields, name)) fields[name] = []
    fields[name]!.push(equals === -1 ? '' : decode(pair.slice(equals + 1)))
  }
  return fields
}

function decode(text: string): string {
  return decodeText(text.replaceAll('+', ' '), 'query string')
}

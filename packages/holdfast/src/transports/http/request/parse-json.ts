import { JsonFault } from '../../../kernel/base/strict-json/json-reader.ts'
import { parseStrictJson, type StrictJson } from '../../../kernel/base/strict-json/parse-strict-json.ts'
import { BadRequest } from '../../../kernel/problem/problems.ts'
import { rejectUnstorableJson } from './storable-text.ts'

// The decoder keeps a byte order mark, so that the parser rejects it: RFC 8259 section 8.1 does not
// allow one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses the JSON of a body, in UTF-8, strictly (`parseStrictJson`). Also rejects text that cannot
 * be stored. Throws `BadRequest`, which contains the location of the error, but no part of the
 * text.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const { value, mayHaveUnicodeEscapes } = parseStrictly(decode(bytes), bytes)
  // Without an escape, every text can be stored: the bytes are valid UTF-8, and JSON allows no
  // unescaped control characters.
  if (mayHaveUnicodeEscapes) rejectUnstorableJson(value)
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw BadRequest({ detail: 'The body is not valid UTF-8.' })
  }
}

function parseStrictly(text: string, bytes: Uint8Array): StrictJson {
  try {
    return parseStrictJson(text, bytes)
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
    throw BadRequest({ detail: `The body is not valid JSON: ${error.message}.` })
  }
}

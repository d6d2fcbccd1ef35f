import type { JsonSchema } from '../kernel/json-schema.ts'
import { integerFormat } from './integer-format.ts'
import { toPortablePattern } from './portable-pattern.ts'

// The keywords of draft 2020-12 that hold schemas. Whatever else a keyword holds is data, and stays as it is.
const holdOne = new Set([
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])
const holdList = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const holdNamed = new Set(['dependentSchemas', 'properties'])

// Keywords of a whole document, which a schema within another one must not have; and one for the log alone.
const leftOut = new Set(['$schema', '$defs', '$id', 'redact'])

/**
 * Rewrites a schema for an OpenAPI document: its references point to the components, keywords of a whole document are left out,
 * `example`, which OpenAPI 3.1 deprecates, becomes `examples`, integers of more than 32 bits get their format, and a pattern is
 * written so that every regular-expression engine reads it.
 */
export function rewriteSchema(
  schema: JsonSchema,
  rewriteReference: (reference: string) => string,
): JsonSchema {
  const rewritten: Record<string, unknown> = {}
  const visit = (value: unknown): unknown =>
    isSchema(value) ? rewriteSchema(value, rewriteReference) : value
  for (const [keyword, value] of Object.entries(schema)) {
    if (leftOut.has(keyword) || value === undefined) continue
    if (keyword === '$ref') rewritten['$ref'] = rewriteReference(value as string)
    else if (keyword === 'example') rewritten['examples'] ??= [value]
    else if (keyword === 'pattern') Object.assign(rewritten, rewritePattern(value as string))
    else if (holdOne.has(keyword)) rewritten[keyword] = visit(value)
    else if (holdList.has(keyword)) rewritten[keyword] = (value as readonly unknown[]).map(visit)
    else if (keyword === 'patternProperties') rewritten[keyword] = mapPatterns(value as object, visit)
    else if (holdNamed.has(keyword)) rewritten[keyword] = mapValues(value as object, visit)
    else rewritten[keyword] = value
  }
  const format = integerFormat(schema)
  if (format) rewritten['format'] = format
  return rewritten
}

/** A pattern that not every engine reads is left to the service to check, and kept for people. */
function rewritePattern(pattern: string): JsonSchema {
  const portable = toPortablePattern(pattern)
  return portable === undefined
    ? { $comment: `Also matches the regular expression of JavaScript /${pattern}/u.` }
    : { pattern: portable }
}

// Leaving one out would refuse the properties that it admits, so one without a portable form stays.
function mapPatterns(named: object, change: (value: unknown) => unknown): object {
  const entries = Object.entries(named)
  return Object.fromEntries(
    entries.map(([pattern, value]) => [toPortablePattern(pattern) ?? pattern, change(value)]),
  )
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}

function mapValues(named: object, change: (value: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, change(value)]))
}

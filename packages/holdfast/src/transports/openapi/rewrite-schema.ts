import type { JsonSchema } from '../../kernel/schema/json-schema.ts'
import { integerFormat } from './integer-format.ts'
import { toPortablePattern } from './portable-pattern.ts'

// The keywords of draft 2020-12 that contain schemas. The values of other keywords are data and
// stay unchanged.
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

// Keywords that are valid only at the root of a document, and `redact`, which is only for logs.
const leftOut = new Set(['$schema', '$defs', '$id', 'redact'])

/**
 * Rewrites a schema for an OpenAPI document. References point to the components. Keywords for the
 * root of a document are removed. `example`, which OpenAPI 3.1 deprecates, becomes `examples`.
 * Integers of more than 32 bits get a format. Patterns become portable across regular-expression
 * engines.
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

/**
 * Replaces a pattern without a portable form with a comment for readers. Only the service checks
 * such a pattern.
 */
function rewritePattern(pattern: string): JsonSchema {
  const portable = toPortablePattern(pattern)
  return portable === undefined
    ? { $comment: `Must also match the JavaScript regular expression /${pattern}/u.` }
    : { pattern: portable }
}

// Rewrites the patterns of property names. Keeps a pattern without a portable form, because the
// schema would otherwise reject the properties that the pattern allows.
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

import type { JsonSchema } from '../kernel/json-schema.ts'

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
const holdNamed = new Set(['dependentSchemas', 'patternProperties', 'properties'])

// What belongs to a document of its own and not to a schema within another one; and what is said to the log alone.
const leftOut = new Set(['$schema', '$defs', '$id', 'redact'])

/**
 * A schema as it stands in an OpenAPI document: its references rewritten, what belongs to a document of its own left out,
 * and `example`, which OpenAPI 3.1 deprecates, as `examples`.
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
    else if (holdOne.has(keyword)) rewritten[keyword] = visit(value)
    else if (holdList.has(keyword)) rewritten[keyword] = (value as readonly unknown[]).map(visit)
    else if (holdNamed.has(keyword)) rewritten[keyword] = mapValues(value as object, visit)
    else rewritten[keyword] = value
  }
  return rewritten
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}

function mapValues(named: object, change: (value: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, change(value)]))
}

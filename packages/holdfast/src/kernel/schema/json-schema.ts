/** The keywords of JSON Schema (draft 2020-12) that the framework reads. */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | boolean
  readonly propertyNames?: JsonSchema
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly maxProperties?: number
  readonly items?: JsonSchema | boolean
  readonly prefixItems?: readonly JsonSchema[]
  readonly maxItems?: number
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly [keyword: string]: unknown
}

/**
 * Returns the schema that `$ref` refers to within `root`, or the schema itself if it has no `$ref`.
 */
export function resolveReference(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema
  let found: unknown = root
  for (const part of schema.$ref.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    found = (found as Record<string, unknown> | undefined)?.[key]
  }
  return resolveReference((found ?? {}) as JsonSchema, root)
}

/** Returns the alternatives of a schema, or the schema itself if it has no alternatives. */
export function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema]
}

/** Returns the JSON types of the `type` keyword; empty if it is absent. */
export function typesOf(schema: JsonSchema): readonly string[] {
  if (schema.type === undefined) return []
  return typeof schema.type === 'string' ? [schema.type] : schema.type
}

/**
 * Returns a schema with its references adjusted, for embedding it at a pointer within another
 * schema.
 */
export function moveInto(pointer: string, schema: JsonSchema): JsonSchema {
  const move = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(move)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([keyword, part]) => [
        keyword,
        keyword === '$ref' && typeof part === 'string' ? part.replace(/^#/, pointer) : move(part),
      ]),
    )
  }
  const { $schema: _, ...moved } = move(schema) as JsonSchema
  return moved
}

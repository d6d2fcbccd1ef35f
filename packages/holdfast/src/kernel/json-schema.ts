/** A JSON Schema (draft 2020-12), as far as the framework reads it. */
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

/** Follows `$ref` to the schema that it names within `root`; a schema without one is its own answer. */
export function resolveReference(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema
  let found: unknown = root
  for (const part of schema.$ref.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    found = (found as Record<string, unknown> | undefined)?.[key]
  }
  return resolveReference((found ?? {}) as JsonSchema, root)
}

/** The alternatives that a schema offers, itself where it offers none. */
export function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema]
}

/** The JSON types that a schema says outright; none where it says nothing. */
export function typesOf(schema: JsonSchema): readonly string[] {
  if (schema.type === undefined) return []
  return typeof schema.type === 'string' ? [schema.type] : schema.type
}

/** A schema that is to stand at a pointer within another one: its references follow it there. */
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

import { type JsonSchema, resolveReference } from '../schema/json-schema.ts'

/**
 * Returns the JSON Pointers of all unbounded parts of a schema: arrays without `maxItems`, objects
 * with arbitrary keys without `maxProperties`, and parts that accept any value.
 */
export function unboundedParts(root: JsonSchema): readonly string[] {
  const found: string[] = []
  const open = new Set<JsonSchema>()

  function visit(reference: JsonSchema, pointer: string): void {
    const schema = resolveReference(reference, root)
    // A recursive schema contains itself. Its parts were checked on the first visit.
    if (open.has(schema)) return
    open.add(schema)
    if (isAnything(schema)) found.push(`${pointer || '/'} (anything)`)
    if (schema.type === 'array') visitArray(schema, pointer)
    if (schema.type === 'object') visitObject(schema, pointer)
    // A part of `allOf` may contain only a pattern or a divisor. Such a part restricts the values
    // that the other parts accept, so it does not count as accepting any value.
    const parts = (schema.allOf ?? []).filter((part) => !isAnything(resolveReference(part, root)))
    for (const branch of [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...parts]) visit(branch, pointer)
    open.delete(schema)
  }

  function visitArray(schema: JsonSchema, pointer: string): void {
    const isTuple = schema.prefixItems !== undefined && (schema.items === undefined || schema.items === false)
    if (schema.maxItems === undefined && !isTuple) found.push(`${pointer || '/'} (array)`)
    for (const [index, item] of (schema.prefixItems ?? []).entries()) visit(item, `${pointer}/${index}`)
    if (typeof schema.items === 'object') visit(schema.items, `${pointer}/*`)
  }

  function visitObject(schema: JsonSchema, pointer: string): void {
    for (const [key, property] of Object.entries(schema.properties ?? {}))
      visit(property, `${pointer}/${key}`)
    if (typeof schema.additionalProperties !== 'object') return
    if (schema.maxProperties === undefined) found.push(`${pointer || '/'} (object with arbitrary keys)`)
    visit(schema.additionalProperties, `${pointer}/*`)
  }

  visit(root, '')
  return found
}

const saysSomething = ['type', 'const', 'enum', 'anyOf', 'oneOf', 'allOf', 'not'] as const

function isAnything(schema: JsonSchema): boolean {
  return saysSomething.every((keyword) => schema[keyword] === undefined)
}

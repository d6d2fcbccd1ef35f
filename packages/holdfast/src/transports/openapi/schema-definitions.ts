import type { JsonSchema } from '../../kernel/schema/json-schema.ts'

/**
 * Returns the definitions of a schema, including nested definitions, by the pointers that refer to
 * them.
 */
export function definitionsOf(schema: JsonSchema, pointer = '#'): ReadonlyMap<string, JsonSchema> {
  const found = new Map<string, JsonSchema>()
  for (const [key, definition] of Object.entries(schema.$defs ?? {})) {
    const place = `${pointer}/$defs/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    found.set(place, definition)
    for (const [inner, nested] of definitionsOf(definition, place)) found.set(inner, nested)
  }
  return found
}

/** Returns the last part of a definition's pointer: the name that its library or author gave it. */
export function keyOf(pointer: string): string {
  return pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
}

/** Returns the target of a definition that is only a reference; otherwise the pointer itself. */
export function followAlias(pointer: string, root: JsonSchema): string {
  const { $defs: _, $ref: target, ...rest } = resolveOnce(pointer, root)
  return target !== undefined && Object.keys(rest).length === 0 ? followAlias(target, root) : pointer
}

/**
 * Returns a text that identifies the schema and everything that it refers to. Equal schemas have
 * the same text, even if they are defined in different places.
 */
export function signatureOf(pointer: string, root: JsonSchema): string {
  const reached = new Map<string, string>()
  const visit = (place: string): void => {
    if (reached.has(place)) return
    const { $defs: _, $schema: __, ...definition } = resolveOnce(place, root)
    const text = JSON.stringify(definition)
    reached.set(
      place,
      text.replaceAll(referenceForm, (_match, to: string) => `"$ref":"${keyOf(to)}"`),
    )
    for (const [, to] of text.matchAll(referenceForm)) visit(to!)
  }
  visit(pointer)
  const texts = [...reached].map(([place, text]) => `${keyOf(place)} ${text}`)
  return JSON.stringify(texts.sort())
}

/** Returns true if a schema refers to itself as a whole. */
export function refersToItself(schema: JsonSchema): boolean {
  return JSON.stringify(schema).includes('"$ref":"#"')
}

const referenceForm = /"\$ref":"(#[^"]*)"/g

function resolveOnce(pointer: string, root: JsonSchema): JsonSchema {
  return pointer === '#' ? root : (definitionsOf(root).get(pointer) ?? {})
}

import type { JsonSchema } from '../kernel/json-schema.ts'

/** The definitions of a schema, those within definitions too, by the pointers that references to them have. */
export function definitionsOf(schema: JsonSchema, pointer = '#'): ReadonlyMap<string, JsonSchema> {
  const found = new Map<string, JsonSchema>()
  for (const [key, definition] of Object.entries(schema.$defs ?? {})) {
    const place = `${pointer}/$defs/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    found.set(place, definition)
    for (const [inner, nested] of definitionsOf(definition, place)) found.set(inner, nested)
  }
  return found
}

/** The last part of a definition's pointer: what its library or its author calls it. */
export function keyOf(pointer: string): string {
  return pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
}

/** Where a definition leads that is nothing but a reference; its own pointer otherwise. */
export function followAlias(pointer: string, root: JsonSchema): string {
  const { $defs: _, $ref: target, ...rest } = resolveOnce(pointer, root)
  return target !== undefined && Object.keys(rest).length === 0 ? followAlias(target, root) : pointer
}

/** Equal for schemas that mean the same wherever they are defined: their text, and that of all they refer to. */
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

/** Whether a schema refers to itself as a whole. */
export function refersToItself(schema: JsonSchema): boolean {
  return JSON.stringify(schema).includes('"$ref":"#"')
}

const referenceForm = /"\$ref":"(#[^"]*)"/g

function resolveOnce(pointer: string, root: JsonSchema): JsonSchema {
  return pointer === '#' ? root : (definitionsOf(root).get(pointer) ?? {})
}

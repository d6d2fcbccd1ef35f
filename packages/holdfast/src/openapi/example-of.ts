import { alternatives, type JsonSchema, resolveReference } from '../kernel/json-schema.ts'

/** An example that a schema gives. */
export interface Example {
  readonly value: unknown
}

/**
 * The example that a schema gives by itself or through all of its required parts (`examples`, `example`, or a value that is
 * the only one possible); `undefined` where it does not. Nothing is made up.
 */
export function exampleOf(schema: JsonSchema, root: JsonSchema = schema): Example | undefined {
  const open = new Set<JsonSchema>()

  function find(reference: JsonSchema): Example | undefined {
    const given = givenExample(reference)
    if (given) return given
    const found = resolveReference(reference, root)
    // Through a schema that is being looked at no example ends.
    if (open.has(found)) return undefined
    open.add(found)
    const example = givenExample(found) ?? composed(found)
    open.delete(found)
    return example
  }

  function composed(found: JsonSchema): Example | undefined {
    if (found.allOf || found.prefixItems) return undefined
    if (found.anyOf ?? found.oneOf) {
      for (const branch of alternatives(found)) {
        const example = find(branch)
        if (example) return example
      }
      return undefined
    }
    if (found.type === 'array' && typeof found.items === 'object') {
      const item = find(found.items)
      return item && { value: [item.value] }
    }
    return found.properties ? composedObject(found) : undefined
  }

  function composedObject({ properties = {}, required = [] }: JsonSchema): Example | undefined {
    const value: Record<string, unknown> = {}
    for (const [name, property] of Object.entries(properties)) {
      const example = find(property)
      if (example) value[name] = example.value
      else if (required.includes(name)) return undefined
    }
    return Object.keys(value).length === 0 ? undefined : { value }
  }

  return find(schema)
}

function givenExample(schema: JsonSchema): Example | undefined {
  const examples = schema['examples']
  if (Array.isArray(examples) && examples.length > 0) return { value: examples[0] as unknown }
  if (schema['example'] !== undefined) return { value: schema['example'] }
  return schema.const === undefined ? undefined : { value: schema.const }
}

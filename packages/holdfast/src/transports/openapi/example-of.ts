import { alternatives, type JsonSchema, resolveReference } from '../../kernel/schema/json-schema.ts'

/** An example value of a schema. */
export interface Example {
  readonly value: unknown
}

/**
 * Returns the example that a schema or its parts declare (`examples`, `example`, `const`). Returns
 * `undefined` if a required part has no example. Never invents values.
 */
export function exampleOf(schema: JsonSchema, root: JsonSchema = schema): Example | undefined {
  const open = new Set<JsonSchema>()

  function find(reference: JsonSchema): Example | undefined {
    const given = givenExample(reference)
    if (given) return given
    const found = resolveReference(reference, root)
    // A recursive schema has no example at the point where it contains itself.
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

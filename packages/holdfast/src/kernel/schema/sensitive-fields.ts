import { type JsonSchema, resolveReference } from './json-schema.ts'

/** Returns the names of the fields that a schema marks with `redact: true`, at any depth. */
export function sensitiveFieldsOf(schema: JsonSchema): ReadonlySet<string> {
  const names = new Set<string>()
  const collect = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) collect(item)
    if (typeof part !== 'object' || part === null) return
    const { properties = {} } = part as JsonSchema
    for (const [name, property] of Object.entries(properties)) {
      if (resolveReference(property, schema)['redact'] === true) names.add(name)
    }
    for (const inner of Object.values(part)) collect(inner)
  }
  collect(schema)
  return names
}

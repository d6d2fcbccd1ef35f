import { alternatives, type JsonSchema, resolveReference, typesOf } from './json-schema.ts'

/**
 * Returns true if a value has the shape that a schema describes: types, constants, required
 * members, limits of length and size. Formats, refinements and undeclared members are not checked.
 */
export function fits(value: unknown, reference: JsonSchema, root: JsonSchema): boolean {
  const schema = resolveReference(reference, root)
  if (schema.const !== undefined && schema.const !== value) return false
  if (schema.enum && !schema.enum.includes(value)) return false
  if (schema.not) return false
  if (schema.allOf && !schema.allOf.every((part) => fits(value, part, root))) return false
  if ((schema.anyOf ?? schema.oneOf) && !alternatives(schema).some((branch) => fits(value, branch, root)))
    return false
  if (!isOfTypes(value, typesOf(schema))) return false
  if (typeof value === 'string') return fitsText(value, schema)
  if (typeof value === 'number') return fitsNumber(value, schema)
  if (Array.isArray(value)) return fitsArray(value, schema, root)
  return !isRecord(value) || fitsObject(value, schema, root)
}

/**
 * Counts a value's deviations from a schema, one level deep: the wrong type, different constants,
 * missing required members, members of the wrong type.
 */
export function deviationsOf(value: unknown, reference: JsonSchema, root: JsonSchema): number {
  const schema = resolveReference(reference, root)
  let deviations = 0
  for (const part of schema.allOf ?? []) deviations += deviationsOf(value, part, root)
  if (schema.anyOf ?? schema.oneOf)
    deviations += Math.min(...alternatives(schema).map((branch) => deviationsOf(value, branch, root)))
  // Higher than any number of wrong members, so that an alternative of a different type is never
  // the closest.
  if (!isOfTypes(value, typesOf(schema))) return otherType
  if (!isRecord(value)) return deviations
  const missing = (schema.required ?? []).filter((key) => value[key] === undefined).length
  const wrong = Object.entries(schema.properties ?? {}).filter(
    ([key, property]) => value[key] !== undefined && !isOfKind(value[key], property, root),
  ).length
  return deviations + missing + wrong
}

const otherType = 1_000_000

/** Returns true if a value has one of a schema's types or constants. */
function isOfKind(value: unknown, reference: JsonSchema, root: JsonSchema): boolean {
  const schema = resolveReference(reference, root)
  if (schema.const !== undefined) return schema.const === value
  if (schema.enum) return schema.enum.includes(value)
  if (schema.anyOf ?? schema.oneOf)
    return alternatives(schema).some((branch) => isOfKind(value, branch, root))
  return isOfTypes(value, typesOf(schema))
}

function isOfTypes(value: unknown, types: readonly string[]): boolean {
  return types.length === 0 || types.some((type) => isOfType(value, type))
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

function fitsText(value: string, { minLength, maxLength, pattern }: JsonSchema): boolean {
  if (typeof minLength === 'number' && value.length < minLength) return false
  if (typeof maxLength === 'number' && value.length > maxLength) return false
  return typeof pattern !== 'string' || new RegExp(pattern, 'u').test(value)
}

function fitsNumber(value: number, schema: JsonSchema): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  return (
    !(typeof minimum === 'number' && value < minimum) &&
    !(typeof maximum === 'number' && value > maximum) &&
    !(typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) &&
    !(typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum)
  )
}

function fitsArray(value: readonly unknown[], schema: JsonSchema, root: JsonSchema): boolean {
  const { minItems, maxItems, prefixItems = [], items } = schema
  if (typeof minItems === 'number' && value.length < minItems) return false
  if (typeof maxItems === 'number' && value.length > maxItems) return false
  if (items === false && value.length > prefixItems.length) return false
  return value.every((item, index) => {
    const declared = prefixItems[index] ?? items
    return typeof declared !== 'object' || fits(item, declared, root)
  })
}

function fitsObject(value: Readonly<Record<string, unknown>>, schema: JsonSchema, root: JsonSchema): boolean {
  const { properties = {}, required = [], additionalProperties, propertyNames } = schema
  if (required.some((key) => value[key] === undefined)) return false
  for (const [key, property] of Object.entries(properties))
    if (value[key] !== undefined && !fits(value[key], property, root)) return false
  if (typeof additionalProperties !== 'object') return true
  return Object.keys(value).every(
    (key) =>
      Object.hasOwn(properties, key) ||
      (fits(key, propertyNames ?? {}, root) && fits(value[key], additionalProperties, root)),
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

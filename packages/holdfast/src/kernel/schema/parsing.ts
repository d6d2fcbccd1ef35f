import { partsOf, type Schema } from './schema.ts'
import { type ZodCheck, type ZodDefinition, zodDefinitionOf, zodPartsOf } from './zod-definition.ts'

/**
 * Returns true if parsing a valid value only removes undeclared members, without converting or
 * adding a value. Returns false if that cannot be determined.
 */
export function onlyCuts(schema: Schema): boolean {
  return every(schema, (definition) => cuttingTypes.has(definition.type) && !changesValue(definition))
}

/**
 * Returns true if parsing a valid value always returns the same as projecting it with the schema's
 * JSON Schema. This requires that the schema's alternatives differ in type or in a discriminator.
 */
export function isDescribed(schema: Schema): boolean {
  return every(
    schema,
    (definition) =>
      describedTypes.has(definition.type) &&
      !changesValue(definition) &&
      (definition.catchall === undefined || zodDefinitionOf(definition.catchall)?.type === 'never') &&
      (definition.type !== 'union' || isUnambiguous(definition)),
  )
}

/** Returns true if the result of parsing may have members that the schema does not declare. */
export function mayKeepUndeclared(schema: Schema): boolean {
  // Valibot removes undeclared members, as Zod does; other libraries may keep them.
  if (schema['~standard'].vendor === 'valibot') return false
  return !every(schema, ({ type }) => !keepingTypes.has(type))
}

const scalarTypes = [
  'string',
  'number',
  'boolean',
  'null',
  'literal',
  'enum',
  'template_literal',
  'never',
] as const
const wrapperTypes = ['optional', 'nullable', 'nonoptional', 'readonly', 'lazy'] as const
const describedTypes = new Set<string>([...scalarTypes, ...wrapperTypes, 'object', 'array', 'union'])
const keepingTypes = new Set<string>(['any', 'unknown', 'custom'])
const cuttingTypes = new Set<string>([
  ...describedTypes,
  ...keepingTypes,
  'intersection',
  'tuple',
  'record',
  'undefined',
  'void',
])

const checksThatOnlyValidate = new Set([
  'less_than',
  'greater_than',
  'multiple_of',
  'number_format',
  'bigint_format',
  'max_size',
  'min_size',
  'size_equals',
  'max_length',
  'min_length',
  'length_equals',
  'string_format',
  'describe',
  'meta',
])

/** Returns true if a schema or one of its checks may change the value. */
function changesValue(definition: ZodDefinition): boolean {
  if (definition.coerce === true) return true
  const checks = (definition.checks ?? []).map((check) => check._zod.def)
  if (definition.check !== undefined && definition.type !== 'custom') checks.push(definition as ZodCheck)
  return !checks.every(onlyValidates)
}

function onlyValidates({ check, format, fn }: ZodCheck): boolean {
  // Zod removes the white space around a URL.
  if (check === 'string_format') return format !== 'url'
  // A refinement only returns true or false; `superRefine` and `check` may change the value.
  if (check === 'custom') return typeof fn === 'function'
  return check !== undefined && checksThatOnlyValidate.has(check)
}

function every(root: Schema, holds: (definition: ZodDefinition) => boolean): boolean {
  const seen = new Set<Schema>()
  const visit = (schema: Schema): boolean => {
    if (seen.has(schema)) return true
    seen.add(schema)
    const parts = partsOf(schema)
    if (parts) return parts.every(visit)
    const definition = zodDefinitionOf(schema)
    return definition !== undefined && holds(definition) && zodPartsOf(definition).every(visit)
  }
  return visit(root)
}

/**
 * Returns true if at most one alternative is an object and at most one is an array, or if a
 * discriminator distinguishes the objects.
 */
function isUnambiguous(union: ZodDefinition): boolean {
  if (union.discriminator !== undefined)
    return union.options!.every((option) => isTagged(option, union.discriminator!))
  const types = (union.options ?? []).flatMap((option) => structuredTypesOf(option, new Set()))
  return ['object', 'array'].every((type) => types.filter((found) => found === type).length <= 1)
}

function isTagged(option: Schema, discriminator: string): boolean {
  const tag = zodDefinitionOf(option)?.shape?.[discriminator]
  const type = tag && zodDefinitionOf(tag)?.type
  return type === 'literal' || type === 'enum'
}

/** Returns the structured types, `object` and `array`, that a schema may have. */
function structuredTypesOf(schema: Schema, open: Set<Schema>): readonly string[] {
  const definition = zodDefinitionOf(schema)
  if (!definition || open.has(schema)) return []
  open.add(schema)
  if (definition.type === 'object' || definition.type === 'array') return [definition.type]
  const inner = [definition.innerType, definition.getter?.(), ...(definition.options ?? [])]
  return inner.flatMap((part) => (part ? structuredTypesOf(part, open) : []))
}

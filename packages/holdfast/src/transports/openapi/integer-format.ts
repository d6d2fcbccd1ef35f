import { type JsonSchema, typesOf } from '../../kernel/schema/json-schema.ts'

const int32 = { min: -(2 ** 31), max: 2 ** 31 - 1 }

/**
 * Returns the `format` to add to an integer schema that has none. Generators treat an integer
 * without a format as 32 bits, so the format is `int64` if the schema allows larger values. Returns
 * `undefined` for any other schema.
 */
export function integerFormat(schema: JsonSchema): 'int64' | undefined {
  if (schema['format'] !== undefined || !typesOf(schema).includes('integer')) return undefined
  return isWithinInt32(schema) ? undefined : 'int64'
}

function isWithinInt32(schema: JsonSchema): boolean {
  const listed = schema.const === undefined ? schema.enum : [schema.const]
  if (listed) return listed.every((value) => typeof value !== 'number' || isInt32(value))
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = schema
  return (
    [minimum, above(exclusiveMinimum)].some((bound) => typeof bound === 'number' && bound >= int32.min) &&
    [maximum, below(exclusiveMaximum)].some((bound) => typeof bound === 'number' && bound <= int32.max)
  )
}

function isInt32(value: number): boolean {
  return value >= int32.min && value <= int32.max
}

function above(bound: unknown): unknown {
  return typeof bound === 'number' ? Math.floor(bound) + 1 : undefined
}

function below(bound: unknown): unknown {
  return typeof bound === 'number' ? Math.ceil(bound) - 1 : undefined
}

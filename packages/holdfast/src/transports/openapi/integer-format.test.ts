import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { toJsonSchema } from '../../kernel/schema/schema.ts'
import { integerFormat } from './integer-format.ts'

describe('an integer', () => {
  test.each([
    ['z.int()', z.int()],
    ['z.int().positive()', z.int().positive()],
    [
      'z.int().min(0).max(2 ** 31)',
      z
        .int()
        .min(0)
        .max(2 ** 31),
    ],
    [
      'z.int().gte(-(2 ** 31) - 1).max(5)',
      z
        .int()
        .gte(-(2 ** 31) - 1)
        .max(5),
    ],
    [
      'z.int().gt(-(2 ** 31) - 2).max(5)',
      z
        .int()
        .gt(-(2 ** 31) - 2)
        .max(5),
    ],
  ])('an integer of more than 32 bits is an int64: %s', (_text, schema) => {
    expect(integerFormat(toJsonSchema(schema, 'output'))).toBe('int64')
  })

  test.each([
    ['z.int32()', z.int32()],
    ['z.int().min(1).max(100)', z.int().min(1).max(100)],
    [
      'z.int().gt(-(2 ** 31) - 1).lt(2 ** 31)',
      z
        .int()
        .gt(-(2 ** 31) - 1)
        .lt(2 ** 31),
    ],
  ])('an integer of 32 bits has no format: %s', (_text, schema) => {
    expect(integerFormat(toJsonSchema(schema, 'output'))).toBeUndefined()
  })

  test.each([
    [{ type: 'integer' }, 'int64'],
    [{ type: ['integer', 'null'] }, 'int64'],
    [{ type: 'integer', enum: [1, 3_000_000_000] }, 'int64'],
    [{ type: 'integer', enum: [1, 2] }, undefined],
    [{ type: 'integer', const: 409 }, undefined],
    [{ type: 'integer', format: 'uint32' }, undefined],
    [{ type: 'number' }, undefined],
    [{ type: 'string' }, undefined],
  ])('the integer schema %j has the format %s', (schema, format) => {
    expect(integerFormat(schema)).toBe(format)
  })
})

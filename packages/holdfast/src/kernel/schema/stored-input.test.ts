import { toStandardJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { JsonSchema } from './json-schema.ts'
import { described, type Schema } from './schema.ts'
import { storedInputOf } from './stored-input.ts'

/** Returns the schema of a library that keeps undeclared members. */
function keeping(jsonSchema: JsonSchema): Schema {
  return {
    '~standard': { ...described(jsonSchema)['~standard'], vendor: 'keeping' },
  }
}

const shape: JsonSchema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
const secret = { secret: 1 }

test.each([
  ['of Zod', z.object({ a: z.string() }), { a: 'x', ...secret }, { a: 'x' }],
  [
    'of Zod, before its conversions',
    z.object({ a: z.string().trim(), b: z.int().default(1) }),
    { a: ' x', ...secret },
    { a: ' x' },
  ],
  [
    'of Zod, in the alternative that it is',
    z.union([z.array(z.object({ a: z.coerce.number() })), z.array(z.object({ b: z.coerce.number() }))]),
    [{ b: '1', ...secret }],
    [{ b: '1' }],
  ],
  ['of Zod, which accepts any object', z.coerce.string(), { ...secret }, '[object Object]'],
  ['of Zod, which converts a list', z.coerce.string(), [1, [2]], '1,2'],
  ['of Zod, which converts a number', z.object({ n: z.coerce.number() }), { n: ['7'] }, { n: 7 }],
  ['of Zod, which converts any object', z.object({ is: z.coerce.boolean() }), { is: secret }, { is: true }],
  [
    'of Zod, with an alternative that accepts any object',
    z.union([z.coerce.string(), z.object({ a: z.string() })]),
    { a: 'x', ...secret },
    '[object Object]',
  ],
  [
    'of Zod, which has to wait',
    z.object({ a: z.string() }).refine(async () => true),
    { a: 'x', ...secret },
    { a: 'x' },
  ],
  ['of Valibot', toStandardJsonSchema(v.object({ a: v.string() })), { a: 'x', ...secret }, { a: 'x' }],
  [
    'of Valibot, before its conversions',
    toStandardJsonSchema(v.object({ a: v.string(), b: v.optional(v.number(), 1) })),
    { a: 'x', ...secret },
    { a: 'x' },
  ],
  ['that removes nothing', keeping(shape), { a: 'x', ...secret }, { a: 'x' }],
  ["that is the framework's own", described(shape), { a: 'x', ...secret }, { a: 'x' }],
] as readonly [string, Schema, unknown, unknown][])('a value is reduced by a schema %s', async (...row) => {
  const [, schema, given, stored] = row
  const read = await storedInputOf(schema)(given)
  expect(read.issues ?? read.stored).toEqual(stored)
})

test('a value that another alternative would accept without its undeclared fields is rejected', async () => {
  const schema = z.union([z.strictObject({ a: z.int().catch(4) }), z.object({ a: z.string() })])
  const read = storedInputOf(schema)
  expect(await read({ a: 'x', ...secret })).toMatchObject({
    issues: [{ message: expect.stringContaining('alternatives that cannot be distinguished') }],
  })
  expect(await read({ a: 1 })).toMatchObject({ stored: { a: 1 } })
})

test('a schema that cannot be reduced without loss is rejected', async () => {
  const either = keeping({
    anyOf: [
      { type: 'array', items: { type: 'object', properties: { a: { type: 'string' } } } },
      { type: 'array', items: { type: 'object', properties: { b: { type: 'string' } } } },
    ],
  })
  const strict: Schema = {
    '~standard': {
      ...either['~standard'],
      validate: (value) =>
        JSON.stringify(value).includes('"b"') ? { value } : { issues: [{ message: 'no b' }] },
    },
  }
  expect(await storedInputOf(strict)([{ b: 'x' }])).toMatchObject({
    issues: [{ message: expect.stringContaining('cannot be reduced') as string }],
  })
})

import { expect, test } from 'vitest'
import { z } from 'zod'
import { toJsonSchema } from './schema.ts'
import { sensitiveFieldsOf } from './sensitive-fields.ts'

test('a field that its schema marks as sensitive is found at any depth', () => {
  const Iban = z.string().meta({ id: 'Iban', redact: true })
  const schema = z.object({
    plain: z.string(),
    email: z.email().meta({ redact: true }),
    people: z.array(z.object({ phone: z.string().meta({ redact: true }).optional() })),
    how: z.union([z.object({ iban: Iban }), z.object({ other: Iban.nullable(), last: Iban })]),
  })
  expect([...sensitiveFieldsOf(toJsonSchema(schema, 'input'))].sort()).toEqual([
    'email',
    'iban',
    'last',
    'phone',
  ])
})

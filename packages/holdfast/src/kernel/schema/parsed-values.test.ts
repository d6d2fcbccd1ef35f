import { env } from 'node:process'
import fc from 'fast-check'
import { anyone, createLogger, holdfast } from 'holdfast'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { createEncode } from '../operation/encode.ts'
import type { Operation } from '../operation/operation.ts'
import { type Sample, samples, undeclared } from './schema-samples.fixture.ts'
import { toJsonSchema } from './schema.ts'
import { storedInputOf } from './stored-input.ts'
import { hasOpenAlternatives } from './zod-definition.ts'

const { query } = holdfast()
const log = createLogger({ write: () => {} })

interface Case {
  readonly schema: z.ZodType
  readonly value: unknown
}

// Deeper schemas add no new cases and take longer to generate.
const depth = 2
const runs = { numRuns: Number(env['SCHEMA_SAMPLES'] ?? 150) }

/** Returns a readable form of a case, for failure messages. */
function caseOf(schema: z.ZodType, value: unknown): Case {
  const text = (): string => `${fc.stringify(value)} of ${JSON.stringify(toJsonSchema(schema, 'input'))}`
  return { schema, value, [fc.toStringMethod]: text } as Case
}

const fitting: fc.Arbitrary<Case> = samples(depth).chain(({ schema, value }) =>
  value.map((one) => caseOf(schema, one)),
)

/** A value of one schema, passed to a different schema, which it usually does not match. */
const deviating: fc.Arbitrary<Case> = fc
  .tuple(samples(depth), samples(depth))
  .chain(([{ schema }, other]: readonly [Sample, Sample]) =>
    other.value.map((value) => caseOf(schema, value)),
  )

function answerOf({ schema, value }: Case, validates: boolean): string | null {
  const operation = query({ route: 'GET /it', access: anyone('a test'), output: schema, run: () => value })
  const encode = createEncode(operation as Operation, toJsonSchema(schema, 'output'), { validates })
  const answer = encode(value, log)
  if (answer instanceof Promise) throw new Error('the schema is synchronous')
  return answer.body
}

/** Excludes roots that JSON cannot express. */
function isWritten({ schema, value }: Case): boolean {
  return JSON.stringify(schema.parse(value)) !== undefined
}

test.each([true, false])('an answer is the returned value, parsed by the schema: %s', (validates) => {
  fc.assert(
    fc.property(fitting.filter(isWritten), (given) => {
      expect(JSON.parse(answerOf(given, validates)!)).toEqual(
        JSON.parse(JSON.stringify(given.schema.parse(given.value))),
      )
    }),
    runs,
  )
})

test('in production, a value that does not match is returned without its undeclared fields', () => {
  fc.assert(
    fc.property(
      deviating.filter(({ value }) => value !== undefined),
      (given) => {
        const { schema } = given
        // A schema that declares arbitrary names also declares the name of the secret member.
        const names = JSON.stringify(toJsonSchema(schema, 'output')).includes('"additionalProperties":{')
        expect(answerOf(given, false)?.includes(undeclared) === true && !names).toBe(false)
      },
    ),
    runs,
  )
})

/** JSON has no `undefined`, which becomes null in a list. */
function isJson({ schema, value }: Case): boolean {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) return false
  const again = schema.safeParse(JSON.parse(text))
  return again.success && JSON.stringify(again.data) === JSON.stringify(schema.parse(value))
}

test('a stored value contains only the declared fields, and parses to the same value', () => {
  fc.assert(
    fc.property(
      fitting.filter((one) => isJson(one)),
      ({ schema, value }) => {
        const read = storedInputOf(schema)(value)
        if (read instanceof Promise) throw new Error('the schema is synchronous')
        // A different alternative may accept the reduced value.
        if (read.issues && hasOpenAlternatives(schema)) return
        if (read.issues) throw new Error('the value fits')
        const stored = JSON.stringify(read.stored)
        const parsed = JSON.stringify(schema.parse(value))
        expect(stored.includes(undeclared) && !parsed.includes(undeclared)).toBe(false)
        expect(JSON.stringify(schema.parse(JSON.parse(stored)))).toBe(parsed)
      },
    ),
    runs,
  )
})

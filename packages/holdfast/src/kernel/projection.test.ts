import { anyone, holdfast } from 'holdfast'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bodyOf, call, startService } from './start-service.fixture.ts'

const { query } = holdfast()

/** What leaves when a handler returns a value that is more than its schema. */
async function leaving(
  schema: z.ZodType,
  value: unknown,
  mode: 'production' | 'test' = 'production',
): Promise<unknown> {
  const show = query({
    route: 'GET /show',
    access: anyone(),
    output: z.object({ it: schema }),
    run: () => ({ it: value }) as never,
  })
  const answer = await call(await startService({ show }, { mode }), 'show')
  return answer.status === 200 ? (bodyOf(answer) as { it: unknown }).it : answer.status
}

interface Tree {
  name: string
  children?: Tree[] | undefined
}
const tree: z.ZodType<Tree> = z.lazy(() =>
  z.object({ name: z.string(), children: z.array(tree).max(9).optional() }),
)
const cat = z.object({ kind: z.literal('cat'), lives: z.int() })
const dog = z.object({ kind: z.literal('dog'), tricks: z.array(z.string()).max(3) })

describe('an undeclared field never leaves', () => {
  test.each([
    ['at the top', z.object({ a: z.int() }), { a: 1, secret: 2 }, { a: 1 }],
    ['within', z.object({ a: z.object({ b: z.int() }) }), { a: { b: 1, secret: 2 } }, { a: { b: 1 } }],
    ['in a list', z.array(z.object({ a: z.int() })).max(9), [{ a: 1, secret: 2 }], [{ a: 1 }]],
    [
      'in a tuple',
      z.tuple([z.object({ a: z.int() }), z.string()]),
      [{ a: 1, secret: 2 }, 'x'],
      [{ a: 1 }, 'x'],
    ],
    [
      'in an alternative',
      z.discriminatedUnion('kind', [cat, dog]),
      { kind: 'dog', tricks: [], lives: 9 },
      { kind: 'dog', tricks: [] },
    ],
    ['in what may be null', z.object({ a: z.int() }).nullable(), { a: 1, secret: 2 }, { a: 1 }],
    [
      'in both of two',
      z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() })),
      { a: 1, b: 2, c: 3 },
      { a: 1, b: 2 },
    ],
    [
      'under arbitrary keys',
      z.record(z.string(), z.object({ a: z.int() })).meta({ maxProperties: 5 }),
      { x: { a: 1, secret: 2 } },
      { x: { a: 1 } },
    ],
    [
      'in a schema that holds itself',
      tree,
      { name: 'a', children: [{ name: 'b', secret: 1, children: [] }], secret: 1 },
      { name: 'a', children: [{ name: 'b', children: [] }] },
    ],
    [
      'from a class',
      z.object({ a: z.int() }),
      new (class {
        a = 1
        secret = 2
      })(),
      { a: 1 },
    ],
    ['by its prototype', z.object({ a: z.int().optional() }), Object.create({ secret: 1 }), {}],
  ])('%s', async (...row) => {
    const [, schema, value, expected] = row
    expect(await leaving(schema, value)).toEqual(expected)
    expect(await leaving(schema, value, 'test')).toEqual(expected)
  })
})

test('a value that fits no alternative does not leave at all', async () => {
  expect(await leaving(z.union([cat, dog]), { kind: 'fish', secret: 1 })).toBe(500)
})

test('a Date is its text, in production too', async () => {
  expect(await leaving(z.iso.datetime(), new Date(0))).toBe('1970-01-01T00:00:00.000Z')
})

test('an output that breaks its contract fails outside of production, and says how in the log', async () => {
  const lines: string[] = []
  const show = query({
    route: 'GET /show',
    access: anyone(),
    output: z.object({ n: z.int() }),
    run: () => ({ n: 1.5 }),
  })
  const tested = await call(await startService({ show }, { onLog: (line) => lines.push(line) }), 'show')
  expect([tested.status, bodyOf(tested)]).toMatchObject([500, { code: 'internal-error' }])
  expect(lines.join('\n')).toMatch(/output-invalid.*#\/n/)
  expect(tested.body).not.toContain('#/n')
  expect((await call(await startService({ show }, { mode: 'production' }), 'show')).status).toBe(200)
})

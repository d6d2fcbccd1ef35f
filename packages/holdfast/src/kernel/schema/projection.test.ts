import { anyone, holdfast, pages, type Schema } from 'holdfast'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { bodyOf, call, startService } from '../service/start-service.fixture.ts'

const { query } = holdfast()

/** Returns the body of a response, or its status if it is not successful. */
async function leaving(
  schema: Schema,
  value: unknown,
  mode: 'production' | 'test' = 'production',
): Promise<unknown> {
  const show = query({
    route: 'GET /show',
    access: anyone('a test'),
    output: schema,
    run: () => value,
  })
  const answer = await call(await startService({ show }, { mode }), 'show')
  return answer.status === 200 ? bodyOf(answer) : answer.status
}

interface Tree {
  name: string
  children?: Tree[] | undefined
}
const tree: z.ZodType<Tree> = z.lazy(() =>
  z.object({ name: z.string(), children: z.array(tree).max(9).optional() }),
)
/**
 * A JSON Schema refers to this schema by its name with `$ref`, and may add keywords beside the
 * reference.
 */
const named = tree.meta({ id: 'Named' })
const cat = z.object({ kind: z.literal('cat'), lives: z.int() })
const dog = z.object({ kind: z.literal('dog'), tricks: z.array(z.string()).max(3) })

describe('an undeclared field is never sent', () => {
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
  ])('an undeclared field is never sent: %s', async (...row) => {
    const [, schema, value, expected] = row
    expect(await leaving(schema, value)).toEqual(expected)
    expect(await leaving(schema, value, 'test')).toEqual(expected)
  })
})

const boxes = z.union([z.array(z.object({ a: z.int() })).max(9), z.array(z.object({ b: z.int() })).max(9)])

describe('an answer is the value that its schema returns', () => {
  test.each([
    ['lists of different items', boxes, [{ b: 1, secret: 2 }], [{ b: 1 }]],
    [
      'members of both sides',
      z.intersection(z.object({ a: z.object({ x: z.int() }) }), z.object({ a: z.object({ y: z.int() }) })),
      { a: { x: 1, y: 2, secret: 3 }, secret: 4 },
      { a: { x: 1, y: 2 } },
    ],
    ['a number that is given as a text', z.coerce.number(), '12.50', 12.5],
    ['a default', z.object({ n: z.int().default(3) }), {}, { n: 3 }],
    ['what stands in for what is wrong', z.int().catch(4), 'x', 4],
    ['a codec', z.codec(z.string(), z.int(), { decode: Number, encode: String }), '7', 7],
    [
      'a page',
      pages.output(z.object({ n: z.coerce.number() })),
      { items: [{ n: '1', secret: 2 }], secret: 3 },
      { items: [{ n: 1 }] },
    ],
    [
      'a schema that waits',
      z
        .object({ a: z.int() })
        .transform(async ({ a }) => a)
        .pipe(z.int()),
      { a: 5 },
      5,
    ],
  ] as readonly [string, Schema, unknown, unknown][])(
    'an answer is the value that its schema returns: %s',
    async (...row) => {
      const [, schema, value, expected] = row
      expect(await leaving(schema, value)).toEqual(expected)
      expect(await leaving(schema, value, 'test')).toEqual(expected)
    },
  )
})

describe('in production, a value that does not match is reduced to its declared fields', () => {
  test.each([
    ['below what may be null', z.object({ a: z.int() }).nullable(), { a: 'x', secret: 1 }, { a: 'x' }],
    ['where no alternative fits', z.union([cat, dog]), { kind: 'fish', secret: 1 }, { kind: 'fish' }],
    [
      'in the alternative that a discriminator names',
      z.discriminatedUnion('kind', [cat, dog]),
      { kind: 'dog', tricks: [1], lives: 9 },
      { kind: 'dog', tricks: [1] },
    ],
    [
      'in the closest alternative',
      z.union([z.object({ a: z.int() }), z.object({ a: z.int(), b: z.int() })]),
      { a: 1.5, b: 2, c: 3 },
      { a: 1.5 },
    ],
    [
      'in what two schemas declare together',
      z.intersection(named, z.object({ b: z.int() })),
      { name: 1, b: 2, secret: 3, children: [{ name: 'x', secret: 4 }] },
      { name: 1, b: 2, children: [{ name: 'x' }] },
    ],
    ['a list of rows for one', z.object({ a: z.int() }), [{ a: 1, secret: 2 }], []],
    ['a row for a text of two patterns', z.string().regex(/a/).regex(/b/), { secret: 1 }, {}],
    ['a row for a text', z.object({ a: z.string() }), { a: { secret: 1 } }, { a: {} }],
    ['a row for a list', z.array(z.object({ a: z.int() })).max(2), { a: 1, secret: 2 }, {}],
    [
      'a name that no record has',
      z.record(z.enum(['a', 'b']), z.int()).meta({ maxProperties: 2 }),
      { a: 1, b: 2, secret: 3 },
      { a: 1, b: 2 },
    ],
    [
      'where a conversion fails',
      z.object({ a: z.int(), b: z.coerce.number() }),
      { a: 1, b: 'x', secret: 2 },
      { a: 1, b: 'x' },
    ],
  ] as readonly [string, Schema, unknown, unknown][])(
    'in production, a value that does not match is reduced to its declared fields: %s',
    async (...row) => {
      const [, schema, value, expected] = row
      expect(await leaving(schema, value)).toEqual(expected)
      expect(await leaving(schema, value, 'test')).toBe(500)
    },
  )

  test('in production, a mismatch is logged if the schema had to parse the value', async () => {
    const lines: string[] = []
    const show = query({
      route: 'GET /show',
      access: anyone('a test'),
      output: z.object({ n: z.coerce.number() }),
      run: () => ({ n: 'x' }),
    })
    const running = await startService({ show }, { mode: 'production', onLog: (line) => lines.push(line) })
    expect((await call(running, 'show')).status).toBe(200)
    expect(lines.join('\n')).toMatch(/#\/n.*output does not match its schema/)
  })
})

test('a Date is returned as text, even in production', async () => {
  expect(await leaving(z.iso.datetime(), new Date(0))).toBe('1970-01-01T00:00:00.000Z')
})

test('an output that does not match fails outside of production, and is logged in production', async () => {
  const lines: string[] = []
  const show = query({
    route: 'GET /show',
    access: anyone('a test'),
    output: z.object({ n: z.int() }),
    run: () => ({ n: 1.5 }),
  })
  const tested = await call(await startService({ show }, { onLog: (line) => lines.push(line) }), 'show')
  expect([tested.status, bodyOf(tested)]).toMatchObject([500, { code: 'internal-error' }])
  expect(lines.join('\n')).toMatch(/output-invalid.*#\/n/)
  expect(tested.body).not.toContain('#/n')
  expect((await call(await startService({ show }, { mode: 'production' }), 'show')).status).toBe(200)
})

import { anyone, holdfast } from 'holdfast'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { lazyPromise } from '../base/lazy-promise.fixture.ts'
import { bodyOf, call, noDatabase, startService } from '../service/start-service.fixture.ts'

const { query, mutation } = holdfast({ database: noDatabase })
const echo = { access: anyone('a test'), output: z.object({ input: z.string() }) }

const search = query({
  ...echo,
  route: 'GET /search/{number}',
  input: z.object({
    number: z.int(),
    text: z.string().optional(),
    ratio: z.number().optional(),
    flag: z.boolean().optional(),
    either: z.union([z.int(), z.literal(['all', '7'])]).optional(),
    name: z.union([z.int(), z.string()]).optional(),
    level: z.literal([1, 2]).optional(),
    always: z.literal(true).optional(),
    numbers: z.array(z.int()).max(5).optional(),
    size: z.int().default(7),
  }),
  run: ({ input }) => ({ input: JSON.stringify(input) }),
})

const change = mutation({
  ...echo,
  route: 'PUT /things/{id}',
  input: z.object({ id: z.string(), count: z.int() }),
  run: ({ input }) => ({ input: JSON.stringify(input) }),
})

const running = await startService({ search, change }, { database: noDatabase })

const read = async (query: Record<string, readonly string[]>, number = '1'): Promise<unknown> => {
  const answer = bodyOf(await call(running, 'search', { path: { number }, query })) as { input?: string }
  return answer.input === undefined ? answer : JSON.parse(answer.input)
}

describe('input from text', () => {
  test.each([
    [{ text: ['12'] }, { text: '12' }],
    [{ text: ['true'] }, { text: 'true' }],
    [{ ratio: ['-1.5e3'] }, { ratio: -1500 }],
    [{ flag: ['false'] }, { flag: false }],
    [{ numbers: ['3'] }, { numbers: [3] }],
    [{ numbers: ['3', '4'] }, { numbers: [3, 4] }],
    [{ either: ['all'] }, { either: 'all' }],
    [{ either: ['12'] }, { either: 12 }],
    [{ either: ['7'] }, { either: '7' }],
    [{ name: ['12'] }, { name: '12' }],
    [{ level: ['2'] }, { level: 2 }],
    [{ always: ['true'] }, { always: true }],
    [{ unknown: ['x'] }, {}],
    [{ ratio: ['0.10'] }, { ratio: 0.1 }],
    [{ text: ['9007199254740993'] }, { text: '9007199254740993' }],
  ])('the input text %j is decoded as %j', async (query, expected) => {
    expect(await read(query)).toEqual({ number: 1, size: 7, ...expected })
  })

  test.each([
    [{ ratio: ['12abc'] }, '#/ratio'],
    [{ ratio: ['0x10'] }, '#/ratio'],
    [{ ratio: [''] }, '#/ratio'],
    [{ ratio: [' 1'] }, '#/ratio'],
    [{ flag: ['yes'] }, '#/flag'],
    [{ text: ['a', 'b'] }, '#/text'],
    [{ numbers: ['1', 'x'] }, '#/numbers/1'],
  ])('the input text %j is rejected at %s', async (query, pointer) => {
    expect(await read(query)).toMatchObject({
      status: 422,
      code: 'invalid-input',
      errors: [{ pointer, in: 'query' }],
    })
  })

  test('input in the path is distinguished from input in the query string', async () => {
    expect(await read({}, 'one')).toMatchObject({ errors: [{ pointer: '#/number', in: 'path' }] })
    expect(await read({ number: ['2'] }, '1')).toEqual({ number: 1, size: 7 })
  })
})

describe('a body', () => {
  test('a body contains the fields that are not in the path', async () => {
    const answer = await call(running, 'change', { path: { id: 'a/b' }, body: { count: 2 } })
    expect(bodyOf(answer)).toEqual({ input: '{"id":"a/b","count":2}' })
  })

  test('a body cannot override a path parameter', async () => {
    const answer = await call(running, 'change', { path: { id: 'path' }, body: { id: 'body', count: 2 } })
    expect(bodyOf(answer)).toEqual({ input: '{"id":"path","count":2}' })
  })

  test.each([[[1]], ['text'], [null], [5]])('the body %j is rejected', async (body) => {
    const answer = await call(running, 'change', { path: { id: 'a' }, body })
    expect([answer.status, bodyOf(answer)]).toMatchObject([400, { code: 'bad-request' }])
  })

  test('a body is not converted: text stays text', async () => {
    const answer = await call(running, 'change', { path: { id: 'a' }, body: { count: '2' } })
    expect(bodyOf(answer)).toMatchObject({ errors: [{ pointer: '#/count', in: 'body' }] })
  })

  test('a body is rejected with every invalid field', async () => {
    const answer = await call(running, 'change', { path: {}, body: { count: 1.5 } })
    expect(bodyOf(answer)).toMatchObject({
      errors: [
        { pointer: '#/id', in: 'path' },
        { pointer: '#/count', in: 'body' },
      ],
    })
  })
})

test('of a thousand invalid fields, a hundred are reported, with the total number', async () => {
  const many = mutation({
    ...echo,
    route: 'POST /many',
    input: z.object({ list: z.array(z.string()) }),
    run: () => ({ input: '' }),
  })
  const service = await startService({ many }, { database: noDatabase })
  const answer = await call(service, 'many', { body: { list: Array.from({ length: 1_000 }, () => 1) } })
  expect(bodyOf(answer)).toMatchObject({
    detail: expect.stringContaining('1000 fields that the operation rejects. The first 100 are listed.'),
    errors: Array.from({ length: 100 }, (_, index) => ({ pointer: `#/list/${index}` })),
  })
})

test('a schema of another library works', async () => {
  const { toStandardJsonSchema } = await import('@valibot/to-json-schema')
  const greet = query({
    route: 'GET /greet',
    access: anyone('a test'),
    input: toStandardJsonSchema(
      v.object({
        times: v.pipe(v.number(), v.integer()),
        level: v.optional(v.literal(2)),
        always: v.optional(v.literal(true)),
      }),
    ),
    output: toStandardJsonSchema(v.object({ hello: v.pipe(v.string(), v.maxLength(100)) })),
    run: ({ input }) => ({ hello: 'x'.repeat(input.times), secret: 1 }),
  })
  const valibot = await startService({ greet })
  expect(bodyOf(await call(valibot, 'greet', { query: { times: ['3'] } }))).toEqual({ hello: 'xxx' })
  expect((await call(valibot, 'greet', { query: { times: ['many'] } })).status).toBe(422)
  expect(
    (await call(valibot, 'greet', { query: { times: ['3'], level: ['2'], always: ['true'] } })).status,
  ).toBe(200)
  expect((await call(valibot, 'greet', { query: { times: ['3'], level: ['3'] } })).status).toBe(422)
})

test('a schema may return a thenable that is not a promise', async () => {
  const schema = z.object({ n: z.int() })
  const validate = schema['~standard'].validate
  const lazy = {
    '~standard': {
      ...schema['~standard'],
      validate: (value: unknown) => lazyPromise(validate(value)),
    },
  } as unknown as typeof schema
  const lazily = query({
    ...echo,
    route: 'GET /lazily',
    input: lazy,
    run: ({ input }) => ({ input: JSON.stringify(input) }),
  })
  const service = await startService({ lazily })
  expect(bodyOf(await call(service, 'lazily', { query: { n: ['1'] } }))).toEqual({ input: '{"n":1}' })
  expect((await call(service, 'lazily', { query: { n: ['x'] } })).status).toBe(422)
})

test('a number that a double cannot represent is rejected in every text input', async () => {
  const inexact = expect.stringMatching('a double .* cannot represent all digits')
  expect(await read({ ratio: ['0.10000000000000001'], numbers: ['1', '9007199254740993'] })).toMatchObject({
    status: 422,
    code: 'invalid-input',
    errors: [
      { pointer: '#/ratio', in: 'query', detail: inexact },
      { pointer: '#/numbers/1', in: 'query', detail: inexact },
    ],
  })
  expect(await read({}, '9007199254740993')).toMatchObject({
    errors: [{ pointer: '#/number', in: 'path', detail: inexact }],
  })
})

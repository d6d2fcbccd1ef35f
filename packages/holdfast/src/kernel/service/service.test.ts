import { anyOf, anyone, event, holdfast, pages, problem, signedIn } from 'holdfast'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { call, noDatabase, refusalOf, startService } from './start-service.fixture.ts'

const { query, mutation, service } = holdfast({ database: noDatabase })
const output = z.object({ id: z.string() })
const run = (): never => {
  throw new TypeError('never called')
}
const fine = { access: anyone('a test'), output, run }

describe('a service does not start', () => {
  test.each([
    ['no access', query({ ...fine, route: 'GET /a', access: undefined as never }), 'it has no access rule'],
    [
      'no reason to be public',
      query({ ...fine, route: 'GET /a', access: anyone(' ') }),
      '`anyone` needs a reason',
    ],
    [
      'no reason to be public in a combination',
      query({ ...fine, route: 'GET /a', access: anyOf(signedIn(), anyone(undefined as never)) }),
      '`anyone` needs a reason',
    ],
    ['an empty segment', query({ ...fine, route: 'GET /a//b' }), 'empty segment'],
    ['a trailing slash', query({ ...fine, route: 'GET /a/' }), 'trailing slash'],
    ['half a parameter', query({ ...fine, route: 'GET /a/{id}s' }), 'segment "{id}s"'],
    ['a pattern', query({ ...fine, route: 'GET /a/*' }), 'segment "*"'],
    [
      'a parameter twice',
      query({ ...fine, route: 'GET /a/{id}/{id}', input: z.object({ id: z.string() }) }),
      '{id} twice',
    ],
    [
      'a parameter that is not an input',
      query({ ...fine, route: 'GET /a/{id}' }),
      'its path has the parameter {id}',
    ],
    [
      'an input that is not an object',
      query({ ...fine, route: 'GET /a', input: z.string() }),
      'not an object schema',
    ],
    [
      'an object in a query string',
      query({ ...fine, route: 'GET /a', input: z.object({ filter: z.object({ a: z.string() }) }) }),
      'cannot be sent in a query string',
    ],
    [
      'a Date',
      query({ ...fine, route: 'GET /a', output: z.object({ at: z.date() }), run }),
      'Date cannot be represented',
    ],
    [
      'a list without end',
      query({ ...fine, route: 'GET /a', output: z.array(z.string()), run }),
      'unbounded at / (array)',
    ],
    [
      'a list without end inside',
      query({
        ...fine,
        route: 'GET /a',
        output: z.object({ a: z.object({ b: z.array(z.string()) }).optional() }),
        run,
      }),
      'unbounded at /a/b (array)',
    ],
    [
      'a list without end in an alternative',
      query({
        ...fine,
        route: 'GET /a',
        output: z.union([z.object({ a: z.string() }), z.array(z.string())]),
        run,
      }),
      'unbounded at / (array)',
    ],
    [
      'arbitrary keys',
      query({ ...fine, route: 'GET /a', output: z.record(z.string(), z.int()), run }),
      'arbitrary keys',
    ],
    [
      'anything',
      query({ ...fine, route: 'GET /a', output: z.object({ a: z.unknown() }), run }),
      '/a (anything)',
    ],
    [
      'a location from nowhere',
      mutation({ ...fine, route: 'POST /a', location: '/a/{key}' }),
      'has the parameter {key}, but',
    ],
    [
      'a location that may be missing',
      mutation({
        ...fine,
        route: 'POST /a',
        location: '/a/{id}',
        output: z.object({ id: z.string().optional() }),
        run,
      }),
      'no required string or number property',
    ],
    [
      'a location that is not a path',
      mutation({ ...fine, route: 'POST /a', location: '/a/{id' }),
      'segment "{id"',
    ],
    [
      'a location of nothing',
      mutation({ access: anyone('a test'), route: 'POST /a', location: '/a/{id}', run }),
      'filled from the output, but the operation has no output',
    ],
    [
      'an invalid deadline',
      query({ ...fine, route: 'GET /a', deadline: '0s' }),
      '"0s", which is not a valid duration above zero',
    ],
    [
      'an optional key without a reason',
      mutation({ ...fine, route: 'POST /a', idempotency: { optional: ' ' } }),
      'needs a reason',
    ],
    [
      'a code that is not kebab-case',
      query({ ...fine, route: 'GET /a', problems: [problem('NotFound', { status: 404, title: 'x' })] }),
      'must be kebab-case',
    ],
    [
      'a status of success',
      query({ ...fine, route: 'GET /a', problems: [problem('fine', { status: 200, title: 'x' })] }),
      'the status 200',
    ],
    [
      'a reserved member',
      query({
        ...fine,
        route: 'GET /a',
        problems: [problem('odd', { status: 400, title: 'x', extra: z.object({ code: z.string() }) })],
      }),
      'redefines "code"',
    ],
    [
      "a code of the framework's",
      query({ ...fine, route: 'GET /a', problems: [problem('forbidden', { status: 403, title: 'x' })] }),
      'is declared twice with different definitions',
    ],
  ])('a service does not start with %s', async (_, operation, reason) => {
    const refusal = await refusalOf({ it: operation }, { database: noDatabase })
    expect(refusal).toContain(reason)
    // The message identifies the operation by its name, its route and this file.
    expect(refusal).toMatch(/it \((?:GET|POST) \/\S+, .*service\.test\.ts:\d+\)/)
  })

  test('a service does not start with two operations on one route, even if their parameters have different names', async () => {
    const one = query({ ...fine, route: 'GET /a/{id}', input: z.object({ id: z.string() }) })
    const two = query({ ...fine, route: 'GET /a/{key}', input: z.object({ key: z.string() }) })
    expect(await refusalOf({ one, two })).toMatch(
      /GET \/a\/\{\}: one \(.*\) and two \(.*\) have the same route/,
    )
  })

  test('a service does not start with a mutation and no database', async () => {
    expect(await refusalOf({ it: mutation({ ...fine, route: 'POST /a' }) })).toContain(
      'a mutation needs a database',
    )
  })

  test('a service does not start with a job and no database', async () => {
    const without = holdfast()
    const mail = without.job({ name: 'mail', input: z.object({ to: z.string() }), run: () => {} })
    const jobbing = without.service({ name: 'jobbing', operations: {}, jobs: [mail] })
    await expect(jobbing.start({} as never)).rejects.toThrow(
      'jobs, consumers, schedules and relays need a database',
    )
  })

  test('a service does not start if its problemTypeBase does not end with a slash', async () => {
    const undocumented = service({ name: 'undocumented', operations: {}, problemTypeBase: '/problems' })
    await expect(undocumented.start({} as never)).rejects.toThrow(
      'its problemTypeBase /problems must end with a slash',
    )
  })

  test('a service does not start with a value among its operations that is not an operation', async () => {
    const job = holdfast().job({ name: 'mail', input: z.object({}), run: () => {} })
    for (const value of [job, 'text', null, () => {}, {}])
      expect(await refusalOf({ value: value as never })).toContain('"value" is not an operation')
  })

  test('a service does not start, and all problems are reported in one error', async () => {
    const operations = {
      one: query({ ...fine, route: 'GET /a/{id}', access: undefined as never }),
      two: query({ ...fine, route: 'GET /b', output: z.array(z.string()), run }),
    }
    const refusal = await refusalOf(operations)
    expect(refusal).toContain('3 problems')
    expect(refusal.split('\n').filter((line) => line.startsWith('  - '))).toHaveLength(3)
  })
})

test('bounded outputs of every kind are accepted', async () => {
  interface Tree {
    name: string
    children: Tree[]
  }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(tree).max(5) }))
  const running = await startService({
    list: query({ ...fine, route: 'GET /list', output: z.array(z.string()).max(5), run }),
    page: query({ ...fine, route: 'GET /page', input: pages.input(), output: pages.output(output), run }),
    tuple: query({ ...fine, route: 'GET /tuple', output: z.tuple([z.string(), z.int()]), run }),
    tree: query({ ...fine, route: 'GET /tree', output: tree, run }),
    nothing: query({ access: anyone('a test'), route: 'GET /nothing', run: () => {} }),
  })
  expect((await call(running, 'nothing')).status).toBe(204)
})

test('a service accepts the exports of a module: schemas, problems and events beside the operations are ignored', async () => {
  const thing = z.object({ id: z.string() })
  const module = {
    thing,
    NotFound: problem('not-found', { status: 404, title: 'There is no such thing' }),
    Added: event('thing.added', { payload: thing }),
    find: query({ ...fine, route: 'GET /things' }),
  }
  const { operations } = service({ name: 'spread', operations: { ...module } })
  expect(Object.keys(operations)).toEqual(['find'])
  operations.find satisfies typeof module.find
  // @ts-expect-error Property 'thing' does not exist on type …
  expect(operations.thing).toBeUndefined()
  const running = await startService({ ...module })
  expect([...running.operations.keys()]).toEqual(['find'])
  await running.stop()
})

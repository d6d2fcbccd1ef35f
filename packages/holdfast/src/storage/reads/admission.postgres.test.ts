import { anyone, type Caller, Forbidden, holdfast, HoldfastError, Unauthenticated } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { settings, setting, wholeNumber } from 'holdfast/settings'
import { createTestService, type TestService, type TestServiceOptions } from 'holdfast/testing'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { z } from 'zod'

interface Member extends Caller {
  readonly kind: 'member'
  readonly id: string
}

// Distinct statements, because the guard rejects repeated ones in tests.
const functions = [
  'pi',
  'now',
  'version',
  'random',
  'current_database',
  'pg_backend_pid',
  'clock_timestamp',
  'statement_timestamp',
  'timeofday',
  'gen_random_uuid',
]

const database = postgres({ connections: 6 })
const app = holdfast({
  database,
  settings: settings({
    LEVEL: setting(wholeNumber({ min: 0, max: 9 }), { description: 'Min level.', default: '3' }),
  }),
  async identify({ header, db }) {
    const token = header('authorization')
    if (token === undefined) return undefined
    const many = Number(header('x-statements') ?? '1')
    for (const name of functions.slice(0, many)) await db.query(sql([`select ${name}()`]))
    if (token === 'write') await db.query(sql`create table written ()`)
    if (token === 'rows') await db.query(sql`select generate_series(1, 1001) limit 2000`)
    if (token === 'slow') await db.query(sql`select pg_sleep(60)`)
    const [row] = await db.query<{ id: string }>(
      sql`select ${token}::text as id where ${token}::text <> 'eve'`,
    )
    if (!row) throw Unauthenticated()
    return { kind: 'member', id: row.id }
  },
})

const member = app.access('member()', async ({ caller, db, settings: { LEVEL } }) => {
  expectTypeOf(LEVEL).toEqualTypeOf<number>()
  if (caller.id === undefined) return Unauthenticated()
  const [row] = await db.query<{ level: number }>(sql`select length(${caller.id})::int as level`)
  return row!.level >= LEVEL ? ({ kind: 'member', id: caller.id } satisfies Member) : Forbidden()
})

const output = z.object({ who: z.string(), inTransaction: z.boolean() })
const read = app.query({
  route: 'GET /read',
  access: member,
  output,
  deadline: '2s',
  budget: 1,
  run: async ({ caller, db }) => ({
    who: caller.id,
    inTransaction: (await db.query(sql`select pg_current_xact_id_if_assigned() as id`))[0]!['id'] !== null,
  }),
})
const write = app.mutation({
  route: 'POST /write',
  access: member,
  output,
  run: ({ caller }) => ({ who: caller.id, inTransaction: true }),
})
const service = app.service({ name: 'admission', operations: { read, write } })

async function start(options: TestServiceOptions = {}): Promise<TestService<typeof service.operations>> {
  const tested = await createTestService(service, { ...options, onLog: () => {} })
  onTestFinished(() => tested.stop())
  return tested
}

/** Returns the status of a call, and the error behind it. */
async function failureOf(
  tested: Awaited<ReturnType<typeof start>>,
  headers: Readonly<Record<string, string>>,
) {
  let failure = new HoldfastError('none', 'no failure')
  const onFailure = (error: unknown): void => {
    failure = error as HoldfastError
  }
  const { status } = await tested.send('read', {}, { headers, onFailure })
  return { status, code: failure.code, message: failure.message }
}

describe('the db of identifiers and access rules', () => {
  test('it reads in queries and mutations, and its statements count toward the call', async () => {
    const tested = await start()
    const usage = { statements: 0, databaseMs: 0 }
    const headers = { authorization: 'anna' }
    expect(await tested.call.read({}, { headers, usage })).toEqual({ who: 'anna', inTransaction: false })
    expect(usage.statements).toBe(4)
    expect(await tested.call.write({}, { headers })).toEqual({ who: 'anna', inTransaction: true })
    expect((await tested.send('read', {}, { headers: { authorization: 'bo' } })).status).toBe(403)
    expect((await tested.send('read', {}, { headers: { authorization: 'eve' } })).status).toBe(401)
  })

  test('the statements of a library share the session and its limits', async () => {
    const app = holdfast({
      database,
      async identify({ db, statements, header }) {
        await db.query(sql`select 1`)
        for (const name of functions.slice(0, Number(header('x-statements'))))
          await statements.query(`select ${name}()`)
        return { kind: 'library', id: statements.service }
      },
    })
    const whoAmI = app.query({
      route: 'GET /me',
      access: anyone('a test'),
      output: z.object({ id: z.string() }),
      run: ({ caller }) => ({ id: caller.id ?? '' }),
    })
    const options: TestServiceOptions = { onLog: () => {} }
    await using tested = await createTestService(
      app.service({ name: 'libraries', operations: { whoAmI } }),
      options,
    )
    const usage = { statements: 0, databaseMs: 0 }
    expect(await tested.call.whoAmI({}, { headers: { 'x-statements': '9' }, usage })).toEqual({
      id: 'libraries',
    })
    expect(usage.statements).toBe(10)
    expect((await tested.send('whoAmI', {}, { headers: { 'x-statements': '10' } })).status).toBe(500)
  })

  test.each([
    ['write', 'query-writes', 'the identifiers and the access rule of read (GET /read'],
    ['rows', 'too-many-rows', 'read more than 1000 rows'],
  ])('a statement that %ss is refused', async (authorization, code, message) => {
    const failure = await failureOf(await start(), { authorization })
    expect(failure).toMatchObject({ status: 500, code })
    expect(failure.message).toContain(message)
  })

  test('a call may run ten statements before its handler', async () => {
    const tested = await start()
    const headers = { authorization: 'anna', 'x-statements': '8' }
    expect((await tested.send('read', {}, { headers })).status).toBe(200)
    const failure = await failureOf(tested, { ...headers, 'x-statements': '9' })
    expect(failure).toMatchObject({ status: 500, code: 'statement-budget-exceeded' })
    expect(failure.message).not.toContain('raise the budget')
  })

  test('the limit of ten statements also holds in production', async () => {
    const tested = await start({ statements: 'allow' })
    const headers = { authorization: 'anna', 'x-statements': '9' }
    expect(await failureOf(tested, headers)).toMatchObject({ code: 'statement-budget-exceeded' })
  })

  test('a statement ends at the deadline of the call', async () => {
    const tested = await start()
    expect((await tested.send('read', {}, { headers: { authorization: 'slow' } })).status).toBe(504)
  })

  test('no connection is held while the handler runs', async () => {
    const one = holdfast({
      database: postgres({ connections: { max: 6, reads: 1 } }),
      async identify({ db }) {
        await db.query(sql`select 1`)
        return undefined
      },
    })
    const rule = one.access('rule()', async ({ caller, db }) => {
      await db.query(sql`select 2`)
      return caller
    })
    const nested = one.query({
      route: 'GET /nested',
      access: rule,
      output: z.object({ n: z.int() }),
      run: async ({ db }) => ({ n: (await db.query<{ n: number }>(sql`select 3 as n`))[0]!.n }),
    })
    await using tested = await createTestService(one.service({ name: 'one', operations: { nested } }))
    expect(await tested.call.nested({})).toEqual({ n: 3 })
  })
})

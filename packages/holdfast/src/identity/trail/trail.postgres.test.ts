import { anyone, holdfast, problem } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createFakeClock, createTestService, type FakeClock, type TestService, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { type ChainedRow, hashOf } from './trail-row.ts'
import { readChain } from './queries/verify.ts'
import { listTrail, type ListTrailOptions } from './list-trail.ts'
import { pruneTrail } from './prune-trail.ts'
import { verifyTrail, type VerifiedTrail } from './verify-trail.ts'

const { mutation, service } = holdfast({
  database: postgres({
    migrations: new URL('./trail.fixture/', import.meta.url),
  }),
  identify: ({ header }) => {
    const id = header('authorization')
    return id === undefined ? undefined : { kind: 'user', id, tenant: 'acme' }
  },
})
const Gone = problem('order-gone', { status: 409, title: 'The order is gone' })
const access = anyone('a test')
const input = z.object({
  order: z.int(),
  how: z.enum(['well', 'refused', 'broken', 'conflict']).default('well'),
})
let conflicts = 0

const change = mutation({
  route: 'POST /orders',
  access,
  idempotency: { optional: 'a test' },
  deadline: '1h',
  input,
  output: z.object({ order: z.int(), password: z.string() }),
  status: 201,
  problems: [Gone],
  trail: {
    target: ({ input: { order } }) => `order:${order}`,
    details: ({ output }) => ({ was: 'open', output, iban: 'DE02' }),
  },
  async run({ input: { order, how }, db }) {
    await db.query(sql`insert into orders (number) values (${order})`)
    if (how === 'refused') throw Gone()
    if (how === 'broken') throw new Error('broken')
    if (how === 'conflict' && (conflicts += 1) === 1)
      await db.query(sql`do $$ begin raise exception using errcode = '40001'; end $$`)
    return { order, password: 'hunter2' }
  },
})
const plain = mutation({ route: 'POST /plain', access, input: z.object({}), trail: true, run: () => {} })
const untold = mutation({ route: 'POST /untold', access, input: z.object({}), run: () => {} })
const tested = service({ name: 'trail-test', operations: { change, plain, untold }, redact: ['iban'] })

let on: TestService<typeof tested.operations>
let clock: FakeClock
beforeEach(async () => {
  clock = createFakeClock()
  on = await createTestService(tested, { clock, onLog: () => {}, worker: false })
  conflicts = 0
})
afterEach(async () => {
  await on.stop()
})

type Row = Record<string, unknown>
const rowsOf = (): Promise<Row[]> => on.sql<Row>('select * from holdfast.trail order by at, id')
const asAnn = { headers: { authorization: 'ann', 'x-request-id': 'request-of-ann' } }

/** Waits until all rows are chained. Only the fake clock starts the task that chains them. */
async function chained(): Promise<void> {
  await until(async () => {
    clock.advance(6_000)
    return (await on.sql('select from holdfast.trail where position is null')).length === 0
  })
}

async function withClient<Result>(use: (client: pg.Pool) => Promise<Result>): Promise<Result> {
  const client: pg.Pool = openDriverPool({ connectionString: on.databaseUrl, max: 1 })
  // Dropping the database terminates idle connections, which the tests no longer need.
  client.on('error', () => {})
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

const verify = async (): Promise<VerifiedTrail> => (await withClient((client) => verifyTrail(client)))[0]!

describe('a call of a mutation with a trail', () => {
  test('is recorded in its commit: who did what to which', async () => {
    await on.call.change({ order: 42 }, asAnn)
    const [row, ...others] = await rowsOf()
    expect(others).toEqual([])
    expect(row).toMatchObject({
      service: 'trail-test',
      operation: 'change',
      caller_kind: 'user',
      caller_id: 'ann',
      tenant: 'acme',
      target: 'order:42',
      status: 201,
      position: null,
    })
    expect(row!['at']).toBeInstanceOf(Date)
    expect(row!['request_id']).toMatch(/./)
  })

  test('has its request id and its trace id', async () => {
    const answer = await on.fetch('/plain', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': '"k"',
        'x-request-id': 'request-1',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
      body: '{}',
    })
    expect(answer.status).toBe(204)
    expect(await rowsOf()).toMatchObject([
      {
        request_id: answer.headers.get('x-request-id'),
        trace_id: '0af7651916cd43dd8448eb211c80319c',
        caller_kind: 'anonymous',
        caller_id: null,
        target: null,
        details: null,
      },
    ])
  })

  test('stores no secret and no input', async () => {
    await on.call.change({ order: 42 })
    const [row] = await rowsOf()
    expect(JSON.parse(row!['details'] as string)).toEqual({
      was: 'open',
      output: { order: 42, password: '[redacted]' },
      iban: '[redacted]',
    })
  })

  test('is not recorded if it fails', async () => {
    for (const how of ['refused', 'broken'] as const)
      expect((await on.send('change', { order: 1, how })).status).toBeGreaterThanOrEqual(400)
    expect(await rowsOf()).toEqual([])
    expect(await on.sql('select from orders')).toEqual([])
  })

  test('is recorded once if its transaction runs again', async () => {
    let hasEnded = false
    const call = on.call.change({ order: 1, how: 'conflict' }).finally(() => (hasEnded = true))
    // The pause before the second attempt takes time of the fake clock.
    await until(() => {
      clock.advance(20)
      return hasEnded
    })
    await call
    expect(conflicts).toBe(2)
    expect(await rowsOf()).toHaveLength(1)
  })

  test('is not recorded without the option', async () => {
    await on.call.untold({})
    expect(await rowsOf()).toEqual([])
  })

  test('is recorded once if it is replayed', async () => {
    const send = (): Promise<Response> =>
      on.fetch('/orders', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': '"same"' },
        body: '{"order":1}',
      })
    expect([(await send()).status, (await send()).status]).toEqual([201, 201])
    expect(await rowsOf()).toHaveLength(1)
  })

  test('is recorded by the statement that stores the answer, and only that one', async () => {
    const app = holdfast({ database: postgres({ connections: { reads: 1, writes: 1, jobs: 1 } }) })
    const ship = app.mutation({
      route: 'POST /ship',
      access,
      trail: true,
      output: z.object({ names: z.array(z.string()).max(100) }),
      async run({ db }) {
        // The names of the statements that this session has prepared in earlier calls.
        const rows = await db.query<{ name: string }>(
          sql`select name from pg_prepared_statements where name ~ 'trail|store_answer' limit 100`,
        )
        return { names: rows.map(({ name }) => name) }
      },
    })
    await using alone = await createTestService(app.service({ name: 'alone', operations: { ship } }), {
      onLog: () => {},
    })
    await alone.call.ship({})
    const { names } = await alone.call.ship({})
    expect(names).toEqual([expect.stringMatching(/^holdfast_insert_trail_holdfast_store_ans/)])
  })
})

describe('the chain', () => {
  test('contains every commit of concurrent calls', async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, order) =>
        on.send('change', { order, how: order % 3 === 0 ? 'refused' : 'well' }),
      ),
    )
    await chained()
    expect(await verify()).toEqual({
      service: 'trail-test',
      rows: 40,
      position: '40',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      unchained: 0,
    })
    const targets = await on.sql(`select target from holdfast.trail
      except select 'order:' || number from orders`)
    expect(targets).toEqual([])
  })

  test('continues after the last position', async () => {
    await on.call.plain({})
    await chained()
    expect(await verify()).toMatchObject({ position: '1', unchained: 0 })
    await on.call.plain({})
    await chained()
    expect(await verify()).toMatchObject({ position: '2', unchained: 0 })
  })

  test.each([
    'update holdfast.trail set target = null',
    'update holdfast.trail set position = null, hash = null',
    'delete from holdfast.trail',
    'truncate holdfast.trail',
    'truncate holdfast.trail_rest',
  ])('is append-only: %s is refused', async (statement) => {
    await on.call.change({ order: 1 })
    await chained()
    await expect(on.sql(statement)).rejects.toThrow('append-only')
    await expect(verify()).resolves.not.toHaveProperty('break')
  })

  const copyOfFirst = (position: number): string => `
    insert into holdfast.trail
    select gen_random_uuid(), service, at, operation, caller_kind, caller_id, tenant, target, details,
      request_id, trace_id, status, ${position}, hash
    from holdfast.trail where position = 1`
  const changeSecond = (change: string): string => `update holdfast.trail set ${change} where position = 2`

  test.each<{ what: string; how: string; at: string; reasons: string[] }>([
    { what: 'a changed row', how: changeSecond(`target = 'order:9'`), at: '2', reasons: ['changed'] },
    {
      what: 'a changed time',
      how: changeSecond(`at = at + '1 us'::interval`),
      at: '2',
      reasons: ['changed'],
    },
    { what: 'a changed caller', how: changeSecond(`caller_id = 'bob'`), at: '2', reasons: ['changed'] },
    {
      what: 'a deleted row',
      how: 'delete from holdfast.trail where position = 2',
      at: '2',
      reasons: ['missing'],
    },
    {
      what: 'a deleted end',
      how: 'delete from holdfast.trail where position >= 2',
      at: '2',
      reasons: ['missing'],
    },
    {
      what: 'a deleted beginning',
      how: 'delete from holdfast.trail where position <= 2',
      at: '1',
      reasons: ['missing'],
    },
    {
      what: 'a changed head',
      how: `update holdfast.trail_heads set hash = ''`,
      at: '3',
      reasons: ['changed'],
    },
    { what: 'a copied row', how: copyOfFirst(2), at: '2', reasons: ['changed', 'added'] },
    { what: 'an added row', how: copyOfFirst(4), at: '4', reasons: ['changed'] },
  ])('is verified: $what is found', async ({ how, at, reasons }) => {
    for (const order of [1, 2, 3]) await on.call.change({ order })
    await chained()
    await on.sql(`alter table holdfast.trail disable trigger user; ${how}`)
    const { break: found } = await verify()
    expect(found).toMatchObject({ position: at })
    expect(reasons).toContain(found?.reason)
  })

  test('finds a row that was replaced together with its hash', async () => {
    for (const order of [1, 2, 3]) await on.call.change({ order })
    await chained()
    const [first, second] = await withClient((client) =>
      runStatement<ChainedRow>(client, readChain('trail-test', '0', 2)),
    )
    const forged = { ...second!, target: 'order:9' }
    const hash = hashOf(forged, { position: '2', previous: first!.hash })
    await on.sql(`
      alter table holdfast.trail disable trigger user;
      update holdfast.trail set target = 'order:9', hash = decode('${hash}', 'hex') where position = 2`)
    expect((await verify()).break).toEqual({ position: '3', reason: 'changed' })
  })

  test('continues after the positions of a dropped partition', async () => {
    for (const order of [1, 2, 3, 4]) await on.call.change({ order })
    // The rows of an earlier month.
    await on.sql(`
      alter table holdfast.trail disable trigger user;
      create table holdfast.trail_2020_01 partition of holdfast.trail
        for values from ('2020-01-01T00:00Z') to ('2020-02-01T00:00Z');
      update holdfast.trail set at = '2020-01-31T23:00Z' where target in ('order:1', 'order:2')`)
    await chained()
    const before = new Date('2020-03-01T00:00Z')
    const anchors = await withClient((client) => pruneTrail(client, { before }))
    expect(anchors).toEqual([
      {
        service: 'trail-test',
        partition: 'trail_2020_01',
        first: '1',
        last: '2',
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ])
    const verified = await verify()
    expect(verified).toMatchObject({ rows: 2, position: '4' })
    expect(verified).not.toHaveProperty('break')
    await on.sql('delete from holdfast.trail where position = 3')
    expect((await verify()).break).toEqual({ position: '3', reason: 'missing' })
  })

  test('is verified before a partition is dropped', async () => {
    await on.call.change({ order: 1 })
    await chained()
    await on.sql(`alter table holdfast.trail disable trigger user; update holdfast.trail set target = null`)
    await expect(
      withClient((client) => pruneTrail(client, { before: new Date('2020-03-01T00:00Z') })),
    ).rejects.toMatchObject({ code: 'trail-broken' })
  })

  test('has partitions for this month and the next three', async () => {
    const names = await on.sql(`select from pg_inherits where inhparent = 'holdfast.trail'::regclass`)
    expect(names).toHaveLength(5)
    const [row] = await on.sql(`select count(*)::integer as count from holdfast.trail_rest`)
    expect(row).toEqual({ count: 0 })
  })
})

describe('a list of the trail', () => {
  test('is filtered, and newest first', async () => {
    await on.call.change({ order: 1 }, asAnn)
    await on.call.change({ order: 2 })
    await on.call.plain({})
    const list = async (options: ListTrailOptions): Promise<unknown> =>
      (await withClient((client) => listTrail(client, options))).map(({ operation, target }) => [
        operation,
        target,
      ])
    const first = ['change', 'order:1']
    const second = ['change', 'order:2']
    expect(await list({})).toEqual([['plain', null], second, first])
    expect(await list({ operation: 'change' })).toEqual([second, first])
    expect(await list({ target: 'order:2' })).toEqual([second])
    expect(await list({ caller: 'ann' })).toEqual([first])
    expect(await list({ tenant: 'acme' })).toEqual([first])
    expect(await list({ service: 'another' })).toEqual([])
    expect(await list({ until: new Date(0) })).toEqual([])
    expect(await list({ since: new Date(0), limit: 1 })).toEqual([['plain', null]])
    const [last] = await withClient((client) => listTrail(client, { limit: 1 }))
    expect(await list({ after: last!.cursor })).toEqual([second, first])
  })

  test.each([{ limit: 0 }, { after: 'yesterday' }])('is rejected with %o', async (options) => {
    await expect(withClient((client) => listTrail(client, options))).rejects.toMatchObject({
      code: 'trail-list-invalid',
    })
  })
})

import { randomUUIDv7 } from 'node:crypto'
import { anyone, holdfast, problem } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { connectClient } from '../../storage/postgres/session/connect-client.ts'

const Refused = problem('refused', { status: 409, title: 'Refused' })
const { mutation, service } = holdfast({ database: postgres({ connections: { wait: '60s' } }) })

const raise = mutation({
  route: 'POST /raised',
  access: anyone('a test'),
  input: z.object({ state: z.string() }),
  problems: [Refused],
  async run({ input, db }) {
    await db.query(sql`select raise_as(${input.state})`).catch(() => Promise.reject(Refused()))
  },
})

const payout = mutation({
  route: 'POST /payouts',
  access: anyone('a test'),
  isolation: 'serializable',
  problems: [Refused],
  async run({ db }) {
    const [row] = await db.query<{ late: number }>(
      sql`select count(*)::int as late from receipts where deposit = (select deposit - 1 from control)`,
    )
    if (row!.late === 0) throw Refused()
  },
})

const overdraw = mutation({
  route: 'POST /overdrafts',
  access: anyone('a test'),
  isolation: 'serializable',
  problems: [Refused],
  async run({ db }) {
    await db.query(sql`update accounts set v = v - 1 where id = 2`)
    throw Refused()
  },
})

const receive = mutation({
  route: 'POST /receipts',
  access: anyone('a test'),
  isolation: 'serializable',
  deadline: '20s',
  async run({ db }) {
    const [row] = await db.query<{ deposit: number }>(sql`select deposit from control`)
    await db.query(sql`select pg_advisory_xact_lock_shared(1)`)
    await db.query(sql`insert into receipts (deposit) values (${row!.deposit})`)
  },
})

const closeDeposit = mutation({
  route: 'POST /closed',
  access: anyone('a test'),
  isolation: 'serializable',
  async run({ db }) {
    await db.query(sql`update control set deposit = deposit + 1`)
  },
})

const touch = mutation({
  route: 'POST /touched',
  access: anyone('a test'),
  isolation: 'serializable',
  deadline: '60s',
  input: z.object({ id: z.int() }),
  async run({ input, db }) {
    touches += 1
    await db.query(sql`select v from accounts where id = ${input.id}`)
    await db.query(sql`select pg_sleep(0.005)`)
    await db.query(sql`update accounts set v = v + 1 where id = ${input.id}`)
  },
})
let touches = 0

const tested = service({
  name: 'final',
  operations: { raise, payout, overdraw, receive, closeDeposit, touch },
})
let on: TestService<typeof tested.operations>
let client: pg.Client

beforeAll(async () => {
  on = await createTestService(tested, { worker: false, statements: 'allow' })
  client = await connectClient({ connectionString: on.databaseUrl, applicationName: 'test' })
  await client.query(`
    create function raise_as(state text) returns void language plpgsql as $$
    begin raise exception 'raised' using errcode = state; end $$;
    create table control (deposit int not null);
    insert into control values (1);
    create table receipts (id int generated always as identity primary key, deposit int not null);
    create index on receipts (deposit);
    create table accounts (id int primary key, v int not null default 0) with (fillfactor = 50);
    insert into accounts (id) select generate_series(1, 100000)`)
  await client.query('vacuum analyze accounts')
})

afterAll(async () => {
  await client.end()
  await on.stop()
})

describe('problems after a failed statement', () => {
  test.each(['22012', '23505', '23514', '44000', '21000', 'P0001'])(
    'a problem that a handler derives from a failure %s is final',
    async (state) => {
      const key = randomUUIDv7()
      expect((await on.send('raise', { state }, { key })).status).toBe(409)
      const again = await on.send('raise', { state }, { key })
      expect(again).toMatchObject({ status: 409, headers: { 'idempotency-replayed': 'true' } })
    },
  )

  test.each(['55P03', '57014', '53100', '53200', '58030', 'XX000', '42501', '0A000', '42P01'])(
    'a problem that a handler derives from a failure %s is returned but not stored',
    async (state) => {
      const key = randomUUIDv7()
      for (let n = 0; n < 2; n += 1) {
        const answer = await on.send('raise', { state }, { key })
        expect(answer.headers['idempotency-replayed']).toBeUndefined()
      }
      const rows = await on.sql('select from holdfast.idempotency_keys where key = $1', [key])
      expect(rows).toHaveLength(0)
    },
  )
})

describe('serializable mutations', () => {
  // The read-only anomaly of Fekete, O'Neil and O'Neil (2004): a report that no serial order of the
  // transactions could produce.
  test('a problem of a serializable mutation is final only if the state that it reports was committed', async () => {
    await client.query('select pg_advisory_lock(1)')
    const receiving = on.send('receive', {})
    await until(async () => {
      const { rows } = await client.query(
        `select from pg_locks where locktype = 'advisory' and not granted and objid = 1`,
      )
      return rows.length === 1
    })
    await on.send('closeDeposit', {})
    const key = randomUUIDv7()
    const refused = await on.send('payout', {}, { key })
    await client.query('select pg_advisory_unlock(1)')
    await receiving
    const late = await on.sql('select from receipts where deposit = 1')
    // The problem says that deposit 1 has no receipts. If that is final, deposit 1 must have no
    // receipt.
    expect(refused.status === 409 && late.length > 0).toBe(false)
  })

  test('a problem of a serializable mutation is replayed, and the effects of its handler are rolled back', async () => {
    const key = randomUUIDv7()
    const first = await on.send('overdraw', {}, { key })
    const again = await on.send('overdraw', {}, { key })
    expect(first.status).toBe(409)
    expect(await on.sql('select v from accounts where id = 2')).toEqual([{ v: 0 }])
    expect(again).toMatchObject({ body: first.body, headers: { 'idempotency-replayed': 'true' } })
  })

  test('serializable mutations of disjoint rows have no conflict over their keys', async () => {
    touches = 0
    // The ids are so far apart that no two rows share a page of the table or of the index.
    const calls = Array.from({ length: 100 }, (_, n) =>
      on.send('touch', { id: 1 + n * 1_000 }, { key: randomUUIDv7() }),
    )
    const answers = await Promise.all(calls)
    expect(answers.every(({ status }) => status < 300)).toBe(true)
    expect(touches).toBe(100)
  })

  test('a retry of a serializable mutation is replayed', async () => {
    const key = randomUUIDv7()
    await on.send('touch', { id: 1 }, { key })
    const again = await on.send('touch', { id: 1 }, { key })
    expect(again.headers['idempotency-replayed']).toBe('true')
  })
})

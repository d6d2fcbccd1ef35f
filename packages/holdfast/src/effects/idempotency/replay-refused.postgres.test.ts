import { randomUUIDv7 } from 'node:crypto'
import { type Answer, anyone, createLogger, holdfast, systemClock } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'

/** Returns the service with the given schema for amounts, as a deploy may change this schema. */
function payments(amount: z.ZodType<number>) {
  const { mutation, service } = holdfast({ database: postgres() })
  const pay = mutation({
    route: 'POST /payments',
    access: anyone('a test'),
    input: z.object({ amount, lock: z.boolean().optional() }),
    output: z.object({ paid: z.number() }),
    status: 201,
    async run({ input, db }) {
      await db.query(sql`insert into payments values (${input.amount})`)
      if (input.lock === true) await db.query(sql`select pg_advisory_xact_lock_shared(1)`)
      return { paid: input.amount }
    },
  })
  return service({ name: 'payments', operations: { pay } })
}

const before = payments(z.number())
let on: TestService<typeof before.operations>
let after: Awaited<ReturnType<typeof before.start>>
let client: pg.Client

beforeAll(async () => {
  on = await createTestService(before, { worker: false, statements: 'allow' })
  client = new DriverClient({ connectionString: on.databaseUrl })
  await client.connect()
  await client.query('create table payments (amount numeric)')
  after = await payments(z.number().int().max(1_000)).start({
    env: { DATABASE_URL: on.databaseUrl },
    mode: 'production',
    clock: systemClock,
    notify: () => {},
    log: createLogger({ level: 'error', write: () => {} }),
  })
})

afterAll(async () => {
  await after.stop()
  await client.end()
  await on.stop()
})

const payAfter = async (body: object, key: string): Promise<Answer> =>
  after.call({
    operation: 'pay',
    input: { path: {}, query: {}, body: body as never },
    header: (name) => (name === 'idempotency-key' ? key : undefined),
  })

test('a retry of a committed call is replayed after a deploy that rejects its input', async () => {
  const key = randomUUIDv7()
  const first = await on.send('pay', { amount: 10.5 }, { key })
  const again = await payAfter({ amount: 10.5 }, key)
  expect(again).toMatchObject({ status: 201, body: first.body, headers: { 'idempotency-replayed': 'true' } })
})

test('input that was never accepted is rejected, with and without a key', async () => {
  const refused = await payAfter({ amount: 10.5 }, randomUUIDv7())
  expect(refused.status).toBe(422)
  expect(JSON.parse(refused.body!)).toMatchObject({ code: 'invalid-input' })
})

test('another request with a used key gets the errors in its own input', async () => {
  const key = randomUUIDv7()
  await on.send('pay', { amount: 10.5 }, { key })
  expect(JSON.parse((await payAfter({ amount: 11.5 }, key)).body!)).toMatchObject({ code: 'invalid-input' })
})

test('a retry whose first attempt is still running is rejected with Retry-After', async () => {
  await client.query('select pg_advisory_lock(1)')
  const key = randomUUIDv7()
  const running = on.send('pay', { amount: 10.5, lock: true }, { key })
  await until(async () => {
    const { rows } = await client.query(
      `select from pg_locks where locktype = 'advisory' and not granted and objid = 1`,
    )
    return rows.length === 1
  })
  const early = await payAfter({ amount: 10.5, lock: true }, key)
  expect(JSON.parse(early.body!)).toMatchObject({ code: 'idempotency-key-in-flight' })
  await client.query('select pg_advisory_unlock(1)')
  const first = await running
  expect(await payAfter({ amount: 10.5, lock: true }, key)).toMatchObject({ status: 201, body: first.body })
})

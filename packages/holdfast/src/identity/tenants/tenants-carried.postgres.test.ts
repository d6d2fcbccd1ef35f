import { event, holdfast } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'

// Jobs and consumers run as the tenant of the call that enqueued the job or published the message.

const app = holdfast({
  database: postgres({
    migrations: new URL('./tenants.fixture/', import.meta.url),
    tenants: { column: 'tenant' },
  }),
  identify({ header }) {
    const tenant = header('x-tenant')
    return tenant === undefined ? undefined : { kind: 'service', id: 'test', tenant }
  },
})
const access = app.access('all()', ({ caller }) => caller)

interface Seen {
  readonly who: string
  readonly tenant: string | undefined
  readonly orders: readonly string[]
}
let seen: Seen[] = []

async function look(who: string, tenant: string | undefined, db: SqlDatabase): Promise<void> {
  const rows = await db.query<{ id: string }>(sql`select id from orders order by id limit 10`)
  seen.push({ who, tenant, orders: rows.map(({ id }) => id) })
}

const Looked = z.object({ fails: z.boolean().optional() })
const lookAround = app.job({
  name: 'look-around',
  input: Looked,
  retry: { initialDelay: '1ms' },
  async run({ tenant, db, input, attempt, step, jobs }) {
    await step('first', ({ db: own }) => look('step', tenant, own))
    await look('job', tenant, db)
    if (input.fails === true && attempt === 1) throw new Error('again')
    await jobs.enqueue(child, {})
  },
})
const child = app.job({
  name: 'child',
  input: Looked,
  run: ({ tenant, db }) => look('child', tenant, db),
})
const Happened = event('thing.happened', { payload: Looked })
const onHappened = app.consumer({
  name: 'on-happened',
  event: Happened,
  run: ({ tenant, db }) => look('consumer', tenant, db),
})
const waiting = app.job({
  name: 'waiting',
  input: Looked,
  async run({ step, tenant }) {
    const message = await step.waitFor('answer', Happened, { key: 'same', timeout: '1h' })
    seen.push({ who: 'waiting', tenant, orders: [message?.id ?? 'none'] })
  },
})

const operations = {
  enqueue: app.mutation({
    route: 'POST /enqueue',
    access,
    input: z.object({ job: z.enum(['look', 'wait', 'other', 'unique']), fails: z.boolean().optional() }),
    output: z.object({ id: z.string(), isNew: z.boolean() }),
    run({ input: { job, fails }, jobs }) {
      const input = fails === undefined ? {} : { fails }
      if (job === 'wait') return jobs.enqueue(waiting, input)
      if (job === 'other') return jobs.enqueue(child, input, { tenant: 'bolt' })
      if (job === 'unique') return jobs.enqueue(child, input, { unique: 'one', delay: '1h' })
      return jobs.enqueue(lookAround, input)
    },
  }),
  publish: app.mutation({
    route: 'POST /publish',
    access,
    output: z.object({ id: z.string() }),
    async run({ publish, log }) {
      log.info('publishing')
      return { id: await publish(Happened, 'same', {}) }
    },
  }),
}

let on: TestService<typeof operations>
let lines: string[] = []
beforeAll(async () => {
  const service = app.service({
    name: 'shop',
    operations,
    jobs: [lookAround, child, waiting],
    consumers: [onHappened],
  })
  on = await createTestService(service, { onLog: (line) => lines.push(line) })
})
afterAll(() => on.stop())
beforeEach(() => {
  seen = []
  lines = []
})

const as = (tenant: string | undefined): { headers: Record<string, string> } => ({
  headers: tenant === undefined ? {} : { 'x-tenant': tenant },
})

async function seenBy(who: string): Promise<Seen> {
  await until(() => seen.some((one) => one.who === who))
  return seen.find((one) => one.who === who)!
}

const ofAcme = ['a1', 'a2']

test('a job, its steps, its reruns and the jobs that it enqueues run as the tenant of its enqueuer', async () => {
  await on.call.enqueue({ job: 'look', fails: true }, as('acme'))
  expect(await seenBy('child')).toEqual({ who: 'child', tenant: 'acme', orders: ofAcme })
  expect(seen.map(({ who, tenant, orders }) => [who, tenant, orders])).toEqual([
    ['step', 'acme', ofAcme],
    ['job', 'acme', ofAcme],
    ['job', 'acme', ofAcme],
    ['child', 'acme', ofAcme],
  ])
  expect(await on.sql(`select distinct name, tenant from holdfast.all_jobs where name <> 'child'`)).toEqual([
    { name: 'look-around', tenant: 'acme' },
  ])
  expect(lines.find((line) => line.includes('again'))).toContain('"tenant":"acme"')
})

test('a job of a call without a tenant has no tenant, and sees no rows', async () => {
  await on.call.enqueue({ job: 'look' }, as(undefined))
  expect(await seenBy('child')).toEqual({ who: 'child', tenant: undefined, orders: [] })
})

test('a job can be enqueued for a given tenant', async () => {
  await on.call.enqueue({ job: 'other' }, as(undefined))
  expect(await seenBy('child')).toEqual({ who: 'child', tenant: 'bolt', orders: ['b1'] })
})

test('each tenant has separate unique keys', async () => {
  const enqueue = async (tenant: string): Promise<boolean> =>
    (await on.call.enqueue({ job: 'unique' }, as(tenant))).isNew
  expect(await enqueue('acme')).toBe(true)
  expect(await enqueue('bolt')).toBe(true)
  expect(await enqueue('acme')).toBe(false)
  await on.sql(`delete from holdfast.jobs where unique_key = 'one'`)
})

test('a consumer runs as the tenant of the publisher', async () => {
  await on.call.publish({}, as('acme'))
  expect(lines.find((line) => line.includes('publishing'))).toContain('"tenant":"acme"')
  expect(await seenBy('consumer')).toEqual({ who: 'consumer', tenant: 'acme', orders: ofAcme })
  seen = []
  await on.call.publish({}, as(undefined))
  expect(await seenBy('consumer')).toEqual({ who: 'consumer', tenant: undefined, orders: [] })
})

test.each(['arrives later', 'is already there'])(
  'a job does not get a message of another tenant that %s',
  async (order) => {
    const isWaiting = async (): Promise<boolean> =>
      (await on.sql(`select from holdfast.job_waits`)).length === 1
    await on.sql(`insert into holdfast.job_pauses (service, name) values ('shop', 'waiting')`)
    await on.call.enqueue({ job: 'wait' }, as('acme'))
    const resume = (): Promise<unknown> => on.sql('delete from holdfast.job_pauses')
    if (order === 'arrives later') {
      await resume()
      await until(isWaiting)
    }
    await on.call.publish({}, as('bolt'))
    await until(() => seen.some(({ who, tenant }) => who === 'consumer' && tenant === 'bolt'))
    await resume()
    await until(isWaiting)
    const { id } = await on.call.publish({}, as('acme'))
    expect(await seenBy('waiting')).toEqual({ who: 'waiting', tenant: 'acme', orders: [id] })
  },
)

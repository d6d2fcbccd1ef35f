import { anyone, createLogger, event, GiveUp, holdfast, systemClock } from 'holdfast'
import { listJobs, redriveJobs, skipJob } from 'holdfast/jobs'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { startPruning } from '../jobs/leadership/prune.ts'
import { createPool } from '../../storage/postgres/pool/pool.ts'
import { openDriverPool } from '../../storage/postgres/session/driver-client.ts'

// Tests how a key's later messages are handled after one of its messages has failed permanently.

const Counted = event('thing.counted', { payload: z.int() })

const { consumer, mutation, service } = holdfast({ database: postgres() })

const broken = new Set<number>()
const handled: string[] = []
const handle =
  (name: string) =>
  ({
    message: { key, payload },
  }: {
    readonly message: { readonly key: string; readonly payload: number }
  }) => {
    if (broken.has(payload)) throw new GiveUp(`broken ${payload}`)
    handled.push(`${name} ${key}${payload}`)
  }
const waiting = consumer({ name: 'waiting', event: Counted, run: handle('waiting') })
const skipping = consumer({ name: 'skipping', event: Counted, onDead: 'skip', run: handle('skipping') })

const publishAll = mutation({
  route: 'POST /things',
  access: anyone('a test'),
  async run({ publish }) {
    for (const n of [1, 2, 3]) {
      await publish(Counted, 'a', n)
      await publish(Counted, 'b', n * 10)
    }
  },
})
const tested = service({ name: 'on-dead', operations: { publishAll }, consumers: [waiting, skipping] })

let on: TestService<typeof tested.operations>
let pool: pg.Pool
beforeEach(async () => {
  broken.clear()
  handled.length = 0
  on = await createTestService(tested, { onLog: () => {} })
  pool = openDriverPool({ connectionString: on.databaseUrl, max: 2 })
  pool.on('error', () => {})
})
afterEach(async () => {
  await pool.end()
  await on.stop()
})

const of = (name: string, key: string): readonly string[] =>
  handled.filter((one) => one.startsWith(`${name} ${key}`))

/**
 * Publishes three messages with two keys; the first message of one key fails permanently for both
 * consumers. Returns the waiting consumer's job for this message.
 */
async function publishWithDead(): Promise<string> {
  broken.add(1)
  await on.call.publishAll({})
  await until(() => of('skipping', 'a').length === 2 && of('skipping', 'b').length === 3)
  await until(() => of('waiting', 'b').length === 3)
  const [dead] = await until(async () => {
    const jobs = await listJobs(pool, { name: 'consumer:waiting', states: ['dead'] })
    return jobs.length === 1 ? jobs : undefined
  })
  const blocked = await until(async () => {
    const jobs = await listJobs(pool, { name: 'consumer:waiting', states: ['blocked'] })
    return jobs.length === 2 ? jobs : undefined
  })
  expect(blocked).toHaveLength(2)
  expect(of('waiting', 'a')).toEqual([])
  return dead!.id
}

test('later messages of a key wait behind a dead message until it is redriven, and keep their order', async () => {
  const id = await publishWithDead()
  expect(of('skipping', 'a')).toEqual(['skipping a2', 'skipping a3'])
  broken.clear()
  expect(await redriveJobs(pool, 'consumer:waiting')).toMatchObject({ ids: [id], left: 0 })
  await until(() => of('waiting', 'a').length === 3)
  expect(of('waiting', 'a')).toEqual(['waiting a1', 'waiting a2', 'waiting a3'])
  expect(await on.sql('select slots from holdfast.job_limits where slots <> 0')).toEqual([])
})

test('later messages of a key continue when the dead message is skipped', async () => {
  const id = await publishWithDead()
  const wakes: string[] = []
  const client = await pool.connect()
  try {
    client.on('notification', ({ payload = '' }) => wakes.push(payload))
    await client.query('listen holdfast_wake')
    expect(await skipJob(pool, id)).toMatchObject({ name: 'consumer:waiting', wasHolding: true })
    await until(() => wakes.some((wake) => wake.includes('"returned"') && wake.includes('consumer:waiting')))
  } finally {
    client.release(true)
  }
  await until(() => of('waiting', 'a').length === 2)
  expect(of('waiting', 'a')).toEqual(['waiting a2', 'waiting a3'])
  expect(await skipJob(pool, id)).toMatchObject({ wasHolding: false })
  const [succeeded] = await listJobs(pool, { states: ['succeeded'], limit: 1 })
  await expect(skipJob(pool, succeeded!.id)).rejects.toMatchObject({ code: 'job-not-dead' })
})

test('later messages of a key continue when the retention of the dead message ends', async () => {
  const id = await publishWithDead()
  await on.sql('update holdfast.ended_jobs set expires_at = now() where id = $1', [id])
  const log = createLogger({ level: 'error', write: () => {} })
  const own = createPool({ connectionString: on.databaseUrl, applicationName: 'pruning', log })
  const released: string[] = []
  const pruning = startPruning({
    service: 'on-dead',
    pool: own,
    clock: systemClock,
    log,
    leadership: { leads: true },
    onReleased: (names) => released.push(...names),
  })
  await until(() => of('waiting', 'a').length === 2)
  await pruning.stop()
  await own.end()
  expect(released).toEqual(['consumer:waiting'])
  expect(await listJobs(pool, { name: 'consumer:waiting', states: ['dead'] })).toEqual([])
})

import { createLogger, type RunningService, systemClock } from 'holdfast'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CuttingProxy, startCuttingProxy } from '../test/cutting-proxy.ts'
import { codeOf, findLeaks } from './cut-invariants.ts'
import { findFaultViolations } from './faults-invariants.ts'
import { createFaultsService } from './faults-service.ts'
import { watchFaults } from './faults-watch.ts'
import {
  cancelAtRandom,
  createRandom,
  type FaultReport,
  type FaultyClient,
  seedOf,
  send,
  transferUntilFinal,
} from './faults.ts'
import { DriverClient, openDriverPool } from '../src/storage/postgres/session/driver-client.ts'

/*
 * Goal: one effect and one answer per key, although any statement may fail.
 *
 * Method: clients transfer between a few accounts in different orders, and retry until the response
 * is final. Meanwhile statements are cancelled at random, time out, deadlock and conflict, and
 * clients disconnect. The run continues until each kind of fault has occurred. `FAULT_SEED` repeats
 * a run. The long form also waits until a BEGIN has been cancelled.
 *
 * Control: if clients retry with a new key, the same faults must duplicate effects.
 */

/**
 * `FAULT_KEYS=20000 FAULT_SEED=7 npm test faults` sends 20,000 requests with the faults of seed 7.
 */
const fewestKeys = Number(process.env['FAULT_KEYS'] ?? 200)
const seed = seedOf(process.env['FAULT_SEED'])
const poolSize = 4
const clients = 12
const maxMs = 120_000

let database: TestDatabase
let proxy: CuttingProxy
let running: RunningService
let looking: pg.Pool
let counts: Map<string, number>
let hurried: number
let runs: Set<string>

beforeEach(async () => {
  console.info(`FAULT_SEED=${seed}`)
  database = await createMigratedDatabase()
  looking = openDriverPool({ connectionString: database.url })
  // A closing connection may still receive the notice that its database is dropped.
  looking.on('error', () => {})
  // With this setting, Postgres detects deadlocks almost immediately.
  await looking.query(
    `do $$ begin execute format('alter database %I set deadlock_timeout = 20', current_database()); end $$`,
  )
  const faults = watchFaults()
  counts = faults.counts as Map<string, number>
  hurried = 0
  runs = new Set()
  proxy = await startCuttingProxy(database.url, faults.watch)
  const service = createFaultsService({
    poolSize,
    onRun(key) {
      runs.add(key)
      if (hurried === 0) return undefined
      hurried -= 1
      return 1
    },
  })
  running = await service.start({
    env: { ...process.env, DATABASE_URL: proxy.url },
    mode: 'test',
    clock: systemClock,
    // Failing statements are expected.
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })
})

afterEach(async () => {
  await running.stop()
  await proxy.close()
  await looking.end()
  await database.drop()
})

const countOf = (what: string): number => counts.get(what) ?? 0

function createClient(index: number, keepsKey: boolean): FaultyClient {
  return {
    running,
    random: createRandom(seed + index),
    keepsKey,
    hurry: () => (hurried += 1),
    count: (what) => counts.set(what, countOf(what) + 1),
  }
}

/**
 * Sends transfers from several clients concurrently, while statements are cancelled, until enough
 * faults have occurred.
 */
async function sendWhile(
  keepsKey: boolean,
  goesOn: (sent: number) => Promise<boolean>,
): Promise<readonly FaultReport[]> {
  const reports: FaultReport[] = []
  const endMs = performance.now() + maxMs
  const cancelling = await cancelAtRandom(database.url, createRandom(seed))
  await Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const client = createClient(1 + index, keepsKey)
      while ((await goesOn(reports.length)) && performance.now() < endMs)
        reports.push(await transferUntilFinal(client))
    }),
  )
  await cancelling.stop()
  return reports
}

// A BEGIN takes so little time that it is rarely cancelled, so the short form does not wait for it.
// Transactions whose BEGIN fails are also tested in first-statement.postgres.test.ts.
const rare = process.env['FAULT_KEYS'] === undefined ? [] : ['BEGIN cancelled']
const wanted = [
  ...rare,
  'COMMIT cancelled',
  'statement cancelled',
  'statement timeout',
  '40P01',
  '40001',
  'client gone',
]

test('cancelled statements, deadlocks, conflicts and disconnected clients: one effect and one answer per key', async () => {
  const reports = await sendWhile(
    true,
    async (sent) => sent < fewestKeys || wanted.some((what) => countOf(what) === 0),
  )
  console.info(
    `${reports.length} keys; ${[...counts].map(([what, count]) => `${what}: ${count}`).join(', ')}`,
  )
  expect(wanted.filter((what) => countOf(what) === 0)).toEqual([])
  expect(await findFaultViolations(looking, reports)).toEqual([])
  await expectNothingLeft()
}, 300_000)

/**
 * Asserts that no transaction or lock is left open, and that all connections of the pool can be
 * used at the same time.
 */
async function expectNothingLeft(): Promise<void> {
  expect(await findLeaks(looking)).toEqual([])
  const meeting = Array.from({ length: poolSize }, (_, index) =>
    send(running, { operation: 'meet', body: {}, key: `meet-${index}` }),
  )
  expect((await Promise.all(meeting)).map(({ status }) => status)).toEqual(
    Array.from({ length: poolSize }, () => 204),
  )
}

test('calls wait for an exhausted pool and a held lock until the deadline, and leave nothing', async () => {
  const transfer = (name: string, timeout?: string): ReturnType<typeof send> =>
    send(
      running,
      { operation: 'transfer', body: { key: name, from: 1, to: 2 }, key: name },
      timeout === undefined ? {} : { timeout },
    )
  const holding = new DriverClient({ connectionString: database.url })
  await holding.connect()
  await holding.query('begin')
  await holding.query('select from accounts where id = 1 for update')
  const locked = Array.from({ length: poolSize }, (_, index) => `locked-${index}`)
  const waiting = locked.map((name) => transfer(name, '4s'))
  await until(async () => {
    const { rows } = await looking.query<{ count: number }>(
      `select count(*)::int from pg_locks where not granted and pid in (select pid from pg_stat_activity where datname = current_database())`,
    )
    return rows[0]!.count === poolSize
  })
  const [late, refused] = await Promise.all([transfer('late', '100ms'), transfer('refused')])
  expect([late.status, codeOf(late)]).toEqual([504, 'deadline-exceeded'])
  // The wait for a connection has a separate limit, which is reached before the deadline.
  expect([refused.status, codeOf(refused)]).toEqual([503, 'database-unavailable'])
  expect(['late', 'refused'].filter((name) => runs.has(name))).toEqual([])
  const answers = await Promise.all(waiting)
  expect(answers.map(codeOf)).toEqual(locked.map(() => 'deadline-exceeded'))
  await holding.end()
  for (const name of [...locked, 'late', 'refused']) {
    await until(async () => (await transfer(name)).status === 200, { what: `a final answer of ${name}` })
  }
  const { rows } = await looking.query('select key from transfers order by key')
  expect(rows.map(({ key }: { key: string }) => key)).toEqual(['late', ...locked, 'refused'])
  await expectNothingLeft()
})

test('the same faults duplicate the effects of a client that retries with new keys', async () => {
  const countDoubled = async (): Promise<number> =>
    (await looking.query('select key from transfers group by key having count(*) > 1')).rows.length
  const reports = await sendWhile(false, async () => (await countDoubled()) === 0)
  const violations = await findFaultViolations(looking, reports)
  expect(violations.filter((violation) => violation.endsWith(' transfers'))).not.toEqual([])
}, 300_000)

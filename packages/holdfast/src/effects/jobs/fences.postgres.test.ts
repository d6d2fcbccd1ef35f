import { randomUUID } from 'node:crypto'
import { createLogger, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import { createPool } from '../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { ClaimBounds } from './claim/claim-bounds.ts'
import { claimJobs, markBegun, releaseClaims, releaseUnknownClaims, storeProgress } from './queries/claim.ts'
import { storeEnd } from './attempt/store-end.ts'
import { cancelJob, completeJobs, endAttempt, type EndedRow, succeedFenced } from './queries/finish.ts'
import { lockGate, releaseSlot } from './queries/limits.ts'
import { promoteDue } from './queries/promote-due.ts'
import { takeSchedule } from './queries/schedules.ts'
import { beginPause, storeStep } from './queries/steps.ts'
import { lockMessages } from './queries/waits.ts'
import { rescueJobs } from './leadership/rescue-jobs.ts'
import { ownSessionsOf, sessionsOf } from './worker-sessions.ts'

// Tests each statement in isolation, without the other checks: if one fence were wrong, a job could
// take effect twice.

const { service } = holdfast({ database: postgres() })

let on: TestService<Record<string, never>>
const clients: pg.Client[] = []

beforeAll(async () => {
  on = await createTestService(service({ name: 'fences', operations: {} }), { worker: false })
})
afterAll(() => on.stop())
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()))
  await on.sql(
    'truncate holdfast.jobs, holdfast.ended_jobs, holdfast.job_steps, holdfast.job_waits, holdfast.job_workers',
  )
})

/** Opens a session that never waits for a lock. */
async function connect(applicationName = 'fences'): Promise<pg.Client> {
  const client = new DriverClient({
    connectionString: on.databaseUrl,
    application_name: applicationName,
    options: '-c lock_timeout=100',
  })
  client.on('error', () => {})
  await client.connect()
  clients.push(client)
  return client
}

const run = (statement: Statement, client?: pg.Client): Promise<unknown> =>
  client
    ? client.query({ text: statement.text, values: [...(statement.values ?? [])] })
    : on.sql(statement.text, [...(statement.values ?? [])])

async function insertJob(state: string, claim: number, worker = randomUUID()): Promise<string> {
  const id = randomUUID()
  await on.sql(
    `insert into holdfast.jobs (service, id, name, input, state, claim, worker)
     values ('fences', $1, 'work', '{}', $2, $3, $4)`,
    [id, state, claim, worker],
  )
  return id
}

const step = (id: string, claim: number) => ({ job: { id, claim }, name: 'pay', result: '1' })
const succeeded = { state: 'succeeded' } as const
const unchecked = { marker: undefined, epoch: undefined }

const fenced: readonly (readonly [string, (id: string, claim: number) => Statement])[] = [
  ['endAttempt', (id, claim) => endAttempt({ id, claim }, succeeded)],
  ['succeedFenced', (id, claim) => succeedFenced({ id, claim }, 1_000, unchecked)],
  ['completeJobs', (id, claim) => completeJobs([{ id, claim, retentionMs: 1_000 }])],
  ['storeStep', (id, claim) => storeStep(step(id, claim), unchecked)],
  ['beginPause', (id, claim) => beginPause(step(id, claim), 1_000)],
  ['releaseClaims', (id, claim) => releaseClaims([{ id, claim }])],
  ['markBegun', (id, claim) => markBegun([{ id, claim }])],
  ['storeProgress', (id, claim) => storeProgress({ id, claim }, '1')],
]
/** The statements that make their transaction fail if a different claim holds the job. */
const failing = ['succeedFenced', 'storeStep', 'beginPause']

/** Resolves to a statement's rows, or to the SQLSTATE of its failure. */
const outcomeOf = (statement: Statement): Promise<unknown> =>
  run(statement).catch((error: { readonly code: string }) => error.code)

const stored = (): Promise<unknown> =>
  on.sql(`
    select to_jsonb(jobs) as row from holdfast.jobs
    union all select to_jsonb(ended_jobs) from holdfast.ended_jobs
    union all select to_jsonb(job_steps) from holdfast.job_steps`)

test.each(fenced)('%s does not change a job of another claim', async (name, statement) => {
  const id = await insertJob('running', 2)
  const before = await stored()
  expect(await outcomeOf(statement(id, 1))).toEqual(failing.includes(name) ? 'HF001' : [])
  expect(await stored()).toEqual(before)
  await run(statement(id, 2))
  expect(await stored()).not.toEqual(before)
})

test.each(fenced)('%s does not change a job that is not running', async (name, statement) => {
  const id = await insertJob('ready', 1)
  const before = await stored()
  expect(await outcomeOf(statement(id, 1))).toEqual(failing.includes(name) ? 'HF001' : [])
  expect(await stored()).toEqual(before)
})

const successes = fenced.filter(([name]) => name === 'succeedFenced' || name === 'completeJobs')

test.each(successes)('%s deletes the waits of a job that has waited', async (_name, statement) => {
  const ids = [await insertJob('running', 2), await insertJob('running', 3)]
  await on.sql(
    `insert into holdfast.job_waits (job_id, step, publisher, event, key)
     select id, 'approval', 'fences', 'approved', 'one' from unnest($1::uuid[]) as id`,
    [ids],
  )
  for (const [index, id] of ids.entries()) await run(statement(id, index + 2))
  expect(await on.sql('select from holdfast.job_waits')).toEqual([])
})

test('a job that is cancelled while its attempt ends is cancelled', async () => {
  const id = await insertJob('running', 1)
  const canceller = await connect()
  await canceller.query('begin')
  await run(cancelJob(id), canceller)
  const ending = storeEnd(
    ({ text, values = [] }) => on.sql<EndedRow>(text, [...values]),
    { id, claim: 1 },
    { state: 'scheduled' },
  )
  const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%holdfast.ended_jobs%'`
  await until(async () => (await on.sql(waiting)).length > 0)
  await canceller.query('commit')
  expect(await ending).toEqual({ state: 'cancelled', has_slot: false })
  expect(await on.sql('select state from holdfast.all_jobs where id = $1', [id])).toEqual([
    { state: 'cancelled' },
  ])
})

test('releaseUnknownClaims does not change claims of other workers or known claims', async () => {
  const worker = randomUUID()
  const [known, unknown, other] = [
    await insertJob('running', 1, worker),
    await insertJob('running', 1, worker),
    await insertJob('running', 1),
  ]
  await run(releaseUnknownClaims(worker, ['work'], [{ id: known, claim: 1 }]))
  const rows = await on.sql<{ id: string }>(`select id from holdfast.jobs where state = 'running'`)
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set([known, other]))
  expect(await on.sql('select state from holdfast.jobs where id = $1', [unknown])).toEqual([
    { state: 'ready' },
  ])
})

test('a job is not rescued while one of its steps commits', async () => {
  const id = await insertJob('running', 1)
  const [worker, rescuer] = [await connect(), await connect()]
  await worker.query('begin')
  await run(storeStep(step(id, 1), unchecked), worker)
  const rescuing = rescuer.query(`update holdfast.jobs set state = 'ready' where id = $1`, [id])
  await expect(rescuing).rejects.toMatchObject({ code: '55P03' })
  await worker.query('commit')
})

test.each([
  ['a claim', 0],
  ['a claim with reserved slots', 1],
])('%s skips rows that another transaction has claimed', async (_, reserved) => {
  const first = await insertJob('ready', 0)
  const segments = new ClaimBounds({ names: ['work'], hasShares: false }).segments(['work'], 0)
  const wanted = { service: 'fences', segments, room: 1, reserved, busy: [] }
  const [one, other] = [await connect(), await connect()]
  await one.query('begin')
  expect(await run(claimJobs(randomUUID(), wanted), one)).toMatchObject({ rows: [{ id: first }] })
  expect(await run(claimJobs(randomUUID(), wanted), other)).toMatchObject({ rows: [] })
  const second = await insertJob('ready', 0)
  expect(await run(claimJobs(randomUUID(), wanted), other)).toMatchObject({ rows: [{ id: second }] })
  await one.query('commit')
})

const takeLimit = releaseSlot({ service: 'fences', name: 'work', key: 'a' })[0]!
const awaited = { publisher: 'fences', event: 'happened', key: 'a' }

test.each<[string, Statement, unknown]>([
  ['passes slots of a limit on', takeLimit, '55P03'],
  ['begins to wait for a message', lockMessages([awaited]), '55P03'],
  ['lets jobs through their limits', lockGate('fences', 'work'), [{ is_locked: false }]],
  ['takes a schedule', takeSchedule('fences', 'daily'), []],
  ['promotes a job that is due', promoteDue('fences', []), [{ promoted: 0 }]],
])('one transaction at a time %s', async (_, statement, refused) => {
  await on.sql(`
    insert into holdfast.job_limits (service, name, kind, key) values ('fences', 'work', 'concurrency', 'a')
    on conflict do nothing`)
  await on.sql(`
    insert into holdfast.job_schedules (service, name, cron, time_zone, done_until) values ('fences', 'daily', '', '', now())
    on conflict do nothing`)
  await insertJob('scheduled', 0)
  const [one, other] = [await connect(), await connect()]
  await one.query('begin')
  await run(statement, one)
  const outcome = await run(statement, other).catch((error: { readonly code: string }) => error.code)
  expect(typeof outcome === 'string' ? outcome : (outcome as pg.QueryResult).rows).toMatchObject(
    refused as object,
  )
  await one.query('commit')
})

test('the sessions of a dead worker are ended, and no other sessions', async () => {
  const [dead, self] = [randomUUID(), randomUUID()]
  await on.sql(
    `insert into holdfast.job_workers (id, service, host, pid, started_at)
     values ($1, 'fences', 'here', 1, now() - interval '1 hour'), ($2, 'fences', 'here', 1, now() - interval '1 hour')`,
    [dead, self],
  )
  const id = await insertJob('running', 1, dead)
  await on.sql('update holdfast.jobs set started_at = now() where id = $1', [id])
  const names = [sessionsOf(dead), ownSessionsOf(dead), sessionsOf(self), ownSessionsOf(self)]
  const sessions = await Promise.all(names.map((name) => connect(name)))
  await sessions[0]!.query('begin')
  await sessions[0]!.query('select from holdfast.jobs for update')
  const log = createLogger({ level: 'error', write: () => {} })
  const pool = createPool({ connectionString: on.databaseUrl, applicationName: 'rescuer', log })
  try {
    // A terminated session holds its locks a moment longer.
    const rescuer = { service: 'fences', jobs: new Map(), leaseMs: 1_000, self }
    await until(async () => (await rescueJobs({ ...rescuer, pool, log })).length === 1)
  } finally {
    await pool.end()
  }
  const left = async (): Promise<readonly string[]> => {
    const rows = await on.sql<{ name: string }>(
      'select application_name as name from pg_stat_activity where application_name = any ($1)',
      [names],
    )
    return rows.map(({ name }) => name)
  }
  // A terminated session is listed a moment longer.
  await until(async () => !(await left()).some((name) => name.endsWith(dead)))
  expect(new Set(await left())).toEqual(new Set([sessionsOf(self), ownSessionsOf(self)]))
  expect(await on.sql('select state, failures from holdfast.jobs where id = $1', [id])).toEqual([
    { state: 'ready', failures: 1 },
  ])
})

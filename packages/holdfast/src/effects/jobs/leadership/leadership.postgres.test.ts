import { randomUUID } from 'node:crypto'
import { createFakeClock, type FakeClock, until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLogger } from '../../../kernel/base/log.ts'
import { migrate } from '../../../storage/migrations/migrate.ts'
import { DriverClient } from '../../../storage/postgres/session/driver-client.ts'
import { createPool, type Pool } from '../../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { createTestDatabase, type TestDatabase } from '../../../testing/template.ts'
import { createWaker } from '../../wakes/waker.ts'
import { leaderMigration } from './leader-migration.ts'
import { leadLeaseMs, type Leadership, startLeadership } from './leadership.ts'
import { campaign, type CampaignRow, resign } from './queries/campaign.ts'

const log = createLogger({ level: 'error', write: () => {} })
const [one, other] = [randomUUID(), randomUUID()]
const ends: (() => Promise<unknown>)[] = []
let database: TestDatabase
let client: DriverClient
let pool: Pool

beforeAll(async () => {
  database = await createTestDatabase()
  await migrate({
    connectionString: database.url,
    migrations: [{ owner: 'holdfast', migrations: [leaderMigration], sharesSession: true }],
    notify: () => {},
  })
  client = new DriverClient({ connectionString: database.url })
  await client.connect()
  pool = createPool({ connectionString: database.url, applicationName: 'leadership', log, max: 5 })
})
beforeEach(() => client.query('truncate holdfast.service_leaders'))
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})
afterAll(async () => {
  await pool.end()
  await client.end()
  await database.drop()
})

async function run(statement: Statement, on: DriverClient = client): Promise<CampaignRow[]> {
  const { rows } = await on.query(statement.text, [...(statement.values ?? [])])
  return rows as CampaignRow[]
}

const campaigned = (
  holder: string,
  { session = null, service = 'shop' }: { session?: string | null; service?: string } = {},
): Promise<CampaignRow[]> => run(campaign({ service, holder, session, covers: ['a'], leaseMs: leadLeaseMs }))

const endLease = (): Promise<unknown> =>
  client.query(`update holdfast.service_leaders set expires_at = now() - interval '1 ms'`)

interface Process {
  readonly leadership: Leadership
  readonly clock: FakeClock
  /** Returns the number of times that this process got a task. */
  readonly tasks: () => number
}

function start(covers: readonly string[] = ['a'], clock = createFakeClock()): Process {
  let tasks = 0
  const waker = createWaker({ service: 'shop', connectionString: database.url, clock, log })
  const leadership = startLeadership({
    service: 'shop',
    pool,
    clock,
    log,
    waker,
    covers,
    onElected: () => (tasks += 1),
  })
  ends.push(
    () => leadership.stop(),
    () => waker.close(),
  )
  return { leadership, clock, tasks: () => tasks }
}

test('one candidate of a service has the lease, and renews it in the same term', async () => {
  expect(await campaigned(one)).toMatchObject([{ term: '1' }])
  expect(await campaigned(other)).toMatchObject([{ term: null, covers: ['a'] }])
  expect(await campaigned(one)).toMatchObject([{ term: '1' }])
  expect(await campaigned(other, { service: 'bank' })).toMatchObject([{ term: '1' }])
})

test('a candidate learns how long the lease is valid', async () => {
  await campaigned(one)
  const [row] = await campaigned(other)
  expect(row!.left_ms).toBeGreaterThan(0)
  expect(row!.left_ms).toBeLessThanOrEqual(leadLeaseMs)
})

test('an expired lease goes to another candidate, in a new term', async () => {
  await campaigned(one)
  await endLease()
  expect(await campaigned(other)).toMatchObject([{ term: '2' }])
  expect(await campaigned(one)).toMatchObject([{ term: null }])
})

test('one of the candidates that saw the same lease expire gets the lease', async () => {
  await campaigned(one)
  await endLease()
  const [first, second] = [
    new DriverClient({ connectionString: database.url }),
    new DriverClient({ connectionString: database.url }),
  ]
  await Promise.all([first.connect(), second.connect()])
  const candidate = { service: 'shop', session: null, covers: [], leaseMs: leadLeaseMs }
  await first.query('begin')
  expect(await run(campaign({ ...candidate, holder: other }), first)).toMatchObject([{ term: '2' }])
  const late = run(campaign({ ...candidate, holder: randomUUID() }), second)
  await until(async () => {
    const waiting = await client.query(`select from pg_stat_activity where wait_event_type = 'Lock'`)
    return waiting.rowCount === 1
  })
  await first.query('commit')
  expect(await late).toMatchObject([{ term: null }])
  await Promise.all([first.end(), second.end()])
})

test('a holder that resigns leaves the lease to the next candidate', async () => {
  await campaigned(one)
  await run(resign('shop', other))
  expect(await campaigned(other)).toMatchObject([{ term: null }])
  await run(resign('shop', one))
  expect(await campaigned(other)).toMatchObject([{ term: '2' }])
})

test('the lease of a holder whose session is gone is taken immediately', async () => {
  const session = new DriverClient({ connectionString: database.url, application_name: 'holder' })
  await session.connect()
  await campaigned(one, { session: 'holder' })
  expect(await campaigned(other)).toMatchObject([{ term: null }])
  await session.end()
  await until(async () => (await campaigned(other))[0]!.term === '2')
})

test('a process leads only while its lease is valid by its own clock', async () => {
  const { leadership, clock } = start()
  await until(() => leadership.leads)
  // No renewal succeeds, as if the event loop were blocked.
  const lock = new DriverClient({ connectionString: database.url })
  await lock.connect()
  await lock.query('begin')
  await lock.query('select from holdfast.service_leaders for update')
  clock.advance(leadLeaseMs)
  expect(leadership.leads).toBe(false)
  await lock.query('rollback')
  await lock.end()
})

test('a leader that stops hands over to another process immediately', async () => {
  const first = start()
  await until(() => first.leadership.leads)
  const second = start()
  await until(() => second.leadership.isLeader('b'))
  expect(second.leadership.leads).toBe(false)
  await first.leadership.stop()
  // The second process's clock does not advance, so a wake, not a timer, made the process check.
  await until(() => second.leadership.leads)
  expect(first.leadership.leads).toBe(false)
})

test('a process that does not lead runs only the tasks that the leader does not have', async () => {
  const leader = start(['a'])
  await until(() => leader.leadership.leads)
  const newer = start(['a', 'b'])
  await until(() => newer.tasks() === 1)
  expect(newer.leadership.leads).toBe(false)
  expect(newer.leadership.isLeader('a')).toBe(false)
  expect(newer.leadership.isLeader('b')).toBe(true)
})

test('a leader that loses its lease to another process follows that process', async () => {
  const { leadership, clock } = start()
  await until(() => leadership.leads)
  await endLease()
  await until(async () => (await campaigned(other))[0]!.term !== null)
  await until(() => {
    clock.advance(500)
    return !leadership.leads && leadership.isLeader('b')
  })
  expect(leadership.isLeader('a')).toBe(false)
})

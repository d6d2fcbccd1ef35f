import { createTestDatabase, type TestDatabase, until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../kernel/base/clock.ts'
import { createLogger } from '../../kernel/base/log.ts'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import { decodeWake, encodeWake, type Wake } from './wake.ts'
import { createWaker, type Waker } from './waker.ts'

const log = createLogger({ level: 'error', write: () => {} })
const wakers: Waker[] = []
let database: TestDatabase
let client: DriverClient

beforeAll(async () => {
  database = await createTestDatabase()
  client = new DriverClient({ connectionString: database.url })
  await client.connect()
})
afterEach(async () => {
  for (const waker of wakers.splice(0)) await waker.close()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

interface Process {
  readonly waker: Waker
  /** The received wakes, as kind, service and names. */
  readonly heard: string[]
  readonly looks: () => number
}

async function start(service = 'shop', isPooled = false): Promise<Process> {
  const waker = createWaker({ service, connectionString: database.url, isPooled, clock: systemClock, log })
  wakers.push(waker)
  const heard: string[] = []
  let looks = 0
  waker.listen({
    wake: ({ kind, service: whose, names }) =>
      void heard.push([kind, whose, ...(names ?? ['any'])].join(' ')),
    look: () => void (looks += 1),
  })
  if (!isPooled) await until(() => waker.isListening)
  return { waker, heard, looks: () => looks }
}

test('a wake reaches its own process and others once, with its service and names', async () => {
  const [one, other] = [await start(), await start('bank')]
  one.waker.send('jobs', ['charge'])
  expect(one.heard).toEqual(['jobs shop charge'])
  one.waker.send('messages', ['paid'], 'billing')
  await until(() => other.heard.length === 2)
  other.waker.send('due', [])
  await until(() => one.heard.length === 3)
  expect(one.heard).toEqual(['jobs shop charge', 'messages billing paid', 'due bank'])
  expect(other.heard).toEqual(['jobs shop charge', 'messages billing paid', 'due bank'])
})

test('wakes in quick succession are sent as one notification of each kind', async () => {
  const [one, other] = [await start(), await start()]
  for (let n = 0; n < 100; n += 1) one.waker.send('jobs', [`job-${n % 3}`])
  one.waker.send('cancelled', ['last'])
  await until(() => other.heard.includes('cancelled shop last'))
  expect(other.heard.length).toBeLessThanOrEqual(3)
  expect(new Set(other.heard.flatMap((wake) => wake.split(' ').slice(2)))).toEqual(
    new Set(['job-0', 'job-1', 'job-2', 'last']),
  )
})

test('if a notification cannot hold all names, it concerns all names of the service', async () => {
  const [one, other] = [await start(), await start()]
  one.waker.send(
    'jobs',
    Array.from({ length: 500 }, (_, n) => `a-job-with-a-long-name-${n}`),
  )
  await until(() => other.heard.length > 0)
  expect(other.heard).toEqual(['jobs shop any'])
})

test('a reconnected listener polls, and loses no wake of its process', async () => {
  const [one, other] = [await start(), await start()]
  const looks = one.looks()
  const { session } = one.waker
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
    session,
  ])
  await until(() => !one.waker.isListening)
  expect(one.looks()).toBe(looks + 1)
  expect(one.waker.session).toBe(null)
  one.waker.send('jobs', ['meanwhile'])
  await until(() => other.heard.includes('jobs shop meanwhile'))
  await until(() => one.waker.isListening)
  expect(one.looks()).toBe(looks + 2)
})

test('a process behind a pooler wakes others, although it receives no wakes', async () => {
  const [pooled, other] = [await start('shop', true), await start()]
  pooled.waker.send('jobs', ['charge'])
  await until(() => other.heard.length === 1)
  expect(pooled.waker.isListening).toBe(false)
})

test('wakes that were sent before a process closes its waker are received', async () => {
  const [one, other] = [await start(), await start()]
  one.waker.send('jobs', ['first'])
  one.waker.send('returned', ['last'])
  await one.waker.close()
  await until(() => other.heard.includes('returned shop last'))
})

test('a payload is parsed as it was written, and an invalid one is ignored', () => {
  const wake: Wake = { kind: 'jobs', service: 'a "service"', names: new Set(['x', 'ü']) }
  expect(decodeWake(encodeWake(wake))).toEqual(wake)
  expect(decodeWake(encodeWake({ ...wake, names: undefined }))).toEqual({ ...wake, names: undefined })
  for (const payload of [undefined, '', 'jobs', '{}', '[]', '["jobs"]', '[1, 2]'])
    expect(decodeWake(payload)).toBe(undefined)
})

import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ServerProcess, startServer } from './server-process.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/*
 * Goal: after SIGTERM, all running requests are answered, and the process ends in time even if a
 * request hangs.
 *
 * Method: a server process is stopped while requests sleep in the database. The test observes
 * readiness, the headers of late responses, the listening port, the log and the exit code.
 */

let database: TestDatabase
let looking: pg.Client
let server: ServerProcess | undefined

beforeEach(async () => {
  database = await createMigratedDatabase()
  looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
})

afterEach(async () => {
  await server?.stop()
  await looking.end()
  await database.drop()
})

async function start(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  server = await startServer(new URL('./life-cycle-main.ts', import.meta.url), {
    NODE_ENV: 'production',
    DATABASE_URL: database.url,
    ...env,
  })
  return server
}

/** Returns the number of calls that sleep in the database. */
async function sleeping(): Promise<number> {
  const { rows } = await looking.query(
    `select from pg_stat_activity
     where datname = current_database() and wait_event = 'PgSleep' and state = 'active'`,
  )
  return rows.length
}

test('SIGTERM with requests of 5 s in flight: not ready while it still listens, all are answered, exit code 0', async () => {
  const { url, stop, output } = await start({ DRAIN_DELAY: '4s' })
  // Six calls leave two connections of the budget for the calls below.
  const inFlight = Array.from({ length: 6 }, () => fetch(`${url}/sleep?seconds=5`))
  await until(async () => (await sleeping()) === inFlight.length)

  const signalledMs = performance.now()
  const ended = stop()
  const refusal = await until(
    async () => {
      const answer = await fetch(`${url}/health/ready`)
      return answer.status === 503 ? answer : undefined
    },
    { every: '2ms' },
  )
  const notReadyMs = performance.now() - signalledMs
  expect(refusal.headers.get('connection')).toBe('close')
  expect(await refusal.json()).toMatchObject({ code: 'not-ready', detail: 'The service is stopping.' })

  // The load balancer has not noticed yet, and still gets responses.
  const late = await fetch(`${url}/sleep?seconds=0`)
  expect([late.status, late.headers.get('connection')]).toEqual([204, 'close'])
  expect((await fetch(`${url}/health/live`)).status).toBe(200)
  await until(() =>
    fetch(url).then(
      () => false,
      () => true,
    ),
  )
  const closedMs = performance.now() - signalledMs
  expect(closedMs).toBeGreaterThan(3_900)

  const answers = await Promise.all(inFlight)
  expect(answers.map(({ status, headers }) => [status, headers.get('connection')])).toEqual(
    answers.map(() => [204, 'close']),
  )
  expect(await ended).toBe(0)
  expect(output()).toContain('"stopped"')
  console.info(
    `not ready ${Math.round(notReadyMs)} ms after SIGTERM, closed after ${Math.round(closedMs)} ms`,
  )
})

test('SIGTERM with a request that hangs: the log names it, and the exit code is not 0', async () => {
  const { url, stop, output } = await start({ DRAIN_DELAY: '300ms', GRACE_MS: '2000' })
  const cutOff = fetch(`${url}/hang`, { headers: { 'x-request-id': 'the-hung-one' } }).catch(
    (error: unknown) => error,
  )
  await until(() => output().includes('"hanging"'))
  const signalledMs = performance.now()
  expect(await stop()).toBe(1)
  const endedMs = performance.now() - signalledMs
  expect(endedMs).toBeGreaterThan(1_900)
  expect(output()).toContain('"shutdown-timeout"')
  expect(output()).toContain('the call of hang with the request id the-hung-one')
  expect(await cutOff).toBeInstanceOf(TypeError)
  console.info(`ended ${Math.round(endedMs)} ms after SIGTERM, with a grace period of 2,000 ms`)
})

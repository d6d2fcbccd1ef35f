import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import type pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'
import { bundleProgram } from '../test/bundle-program.ts'
import { freePort } from '../test/free-port.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/*
 * Goal: no work of a service depends on a single process. If the leader dies, another process
 * performs its tasks.
 *
 * Method: the leader is killed (SIGKILL) while it runs a job. Then the test inserts a job that is
 * due soon and a job that waits for its limits, and sets a schedule back by two minutes. These
 * jobs, the tick of the schedule and the job of the dead process must succeed in the other process,
 * during its term as leader.
 */

let database: TestDatabase
let looking: pg.Client
let servers: ServerProcess[] = []
let leader: ChildProcess | undefined

beforeEach(async () => {
  database = await createMigratedDatabase()
  looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
})

afterEach(async () => {
  leader?.kill('SIGKILL')
  await Promise.all(servers.map((server) => server.stop()))
  await looking.end()
  await database.drop()
})

const main = new URL('./leader-main.ts', import.meta.url)

async function succeeded(name: string): Promise<boolean> {
  const { rowCount } = await looking.query(
    `select from holdfast.all_jobs where name = $1 and state = 'succeeded'`,
    [name],
  )
  return rowCount! > 0
}

const insertJob = (name: string, state: string): Promise<unknown> =>
  looking.query(
    `insert into holdfast.jobs (id, service, name, input, state, run_at, limit_key)
     values ($1, 'led', $2, '{}', $3, now() + interval '500 ms', case when $3 = 'limited' then '' end)`,
    [randomUUID(), name, state],
  )

test('kill -9 of the leader: a due job, a tick, a limited job and the job that it ran continue elsewhere', async () => {
  const { file, execArgv } = await bundleProgram(main)
  leader = spawn(process.execPath, [...execArgv, file], {
    env: {
      ...process.env,
      NODE_ENV: 'development',
      DATABASE_URL: database.url,
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
    },
    stdio: 'ignore',
  })
  await until(async () => (await looking.query('select from holdfast.service_leaders')).rowCount === 1)
  await insertJob('held', 'ready')
  await until(
    async () => (await looking.query(`select from holdfast.jobs where state = 'running'`)).rowCount === 1,
  )
  servers = [await startServer(main, { DATABASE_URL: database.url })]
  const ended = once(leader, 'exit')
  leader.kill('SIGKILL')
  await ended
  await insertJob('due', 'scheduled')
  await insertJob('limited', 'limited')
  await looking.query(`update holdfast.job_schedules set done_until = now() - interval '2 minutes'`)
  // The lease of the leader lasts at most 6 s, measured by the clock of the database.
  const { rows } = await looking.query<{ left: number }>(
    'select extract(epoch from expires_at - clock_timestamp())::double precision as left from holdfast.service_leaders',
  )
  expect(rows[0]!.left).toBeLessThanOrEqual(6)
  for (const name of ['due', 'limited', 'ticking', 'held']) {
    await until(() => succeeded(name), { every: '50ms' })
  }
  const { rows: terms } = await looking.query('select term from holdfast.service_leaders')
  expect(terms).toEqual([{ term: '2' }])
})

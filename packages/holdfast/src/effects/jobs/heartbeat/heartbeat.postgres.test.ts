import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { createLogger, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { requireDatabaseUrl } from '../../../storage/postgres/session/database-url.ts'
import { DriverClient } from '../../../storage/postgres/session/driver-client.ts'
import { forgetDead } from '../queries/workers.ts'
import { type Heartbeat, leaseMs, startHeartbeat } from './heartbeat.ts'

const { service } = holdfast({ database: postgres() })

let on: TestService<Record<string, never>>
const beating: Heartbeat[] = []
const lines: string[] = []
const log = createLogger({ level: 'debug', write: (line) => lines.push(line) })

beforeAll(async () => {
  on = await createTestService(service({ name: 'beaten', operations: {} }), { worker: false })
})
afterAll(() => on.stop())
afterEach(async () => {
  lines.length = 0
  await Promise.all(beating.splice(0).map((heartbeat) => heartbeat.stop()))
  await on.sql('truncate holdfast.job_workers, holdfast.job_heartbeats')
})

async function register(startedAgo = '0s'): Promise<string> {
  const id = randomUUID()
  await on.sql(
    `insert into holdfast.job_workers (id, service, host, pid, started_at)
     values ($1, 'beaten', 'here', 1, now() - $2::interval)`,
    [id, startedAgo],
  )
  return id
}

async function startHeartbeats(
  options: { readonly isPooled?: boolean; readonly onDeclaredDead?: () => void } = {},
): Promise<string> {
  const worker = await register()
  beating.push(
    startHeartbeat({
      worker,
      target: { connectionString: on.databaseUrl, isPooled: options.isPooled ?? false },
      everyMs: 20,
      log,
      onDeclaredDead: options.onDeclaredDead ?? (() => {}),
      onLoopDelay: () => {},
    }),
  )
  return worker
}

/**
 * Returns the heartbeat times in the database: the last of each worker, and earlier ones whose rows
 * were locked.
 */
const heartbeats = async (): Promise<readonly string[]> =>
  (await on.sql<{ at: string }>('select at::text as at from holdfast.job_heartbeats order by at')).map(
    ({ at }) => at,
  )

/** Waits for a heartbeat that is not in `known`. */
const further = (known: readonly string[]): Promise<readonly string[]> =>
  until(async () => {
    const found = await heartbeats()
    return found.some((at) => !known.includes(at)) && found
  })

test('heartbeats reach the database while the event loop is blocked', async () => {
  await startHeartbeats()
  const flag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const observer = new Worker(new URL('./heartbeat-observer-main.fixture.ts', import.meta.url), {
    workerData: { url: on.databaseUrl, flag },
    execArgv: [],
  })
  // Blocks this thread, and everything that depends on its event loop.
  expect(Atomics.wait(flag, 0, 0, 15_000)).toBe('ok')
  await observer.terminate()
})

test('rows that a user has locked do not delay heartbeats', async () => {
  await startHeartbeats()
  const known = await further([])
  const client = new DriverClient({ connectionString: on.databaseUrl })
  await client.connect()
  await client.query('begin')
  await client.query('select from holdfast.job_workers for update')
  await client.query('select from holdfast.job_heartbeats for update')
  const then = await further(known)
  await further(then)
  expect(lines.filter((line) => line.includes('heartbeat failed'))).toEqual([])
  await client.query('rollback')
  await client.end()
  // The locked heartbeat is deleted together with a later heartbeat.
  await until(async () => (await heartbeats()).length === 1)
})

test('heartbeats follow a changed user, whose previous role can be dropped', async () => {
  const [first, second] = [1, 2].map((n) => `beating_${n}_${randomUUID().replaceAll('-', '')}`)
  const target = { isPooled: false, connectionString: '' }
  const useRole = async (role: string): Promise<void> => {
    await on.sql(`create role ${role} login password 'p' in role current_user`)
    const url = requireDatabaseUrl(on.databaseUrl)
    url.username = role
    url.password = 'p'
    target.connectionString = url.href
  }
  await useRole(first!)
  const worker = await register()
  beating.push(
    startHeartbeat({ worker, target, everyMs: 20, log, onDeclaredDead: () => {}, onLoopDelay: () => {} }),
  )
  await further([])
  await useRole(second!)
  await until(async () => {
    const users = await on.sql<{ name: string }>(
      `select usename as name from pg_stat_activity
      where application_name = 'holdfast (heartbeat)' and datname = current_database()`,
    )
    return users.length === 1 && users[0]!.name === second
  })
  await on.sql(`drop role ${first}`)
  await further(await heartbeats())
  expect(lines.filter((line) => line.includes('heartbeat failed'))).toEqual([])
  await on.sql(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${second}'`)
  await further(await heartbeats())
  await beating.pop()!.stop()
  await on.sql(`drop role ${second}`)
})

test('a heartbeat whose connection is lost is sent on another connection', async () => {
  await startHeartbeats()
  const known = await further([])
  await on.sql(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'holdfast (heartbeat)' and datname = current_database()`)
  await further(known)
})

test('defaults set on the database do not affect the heartbeats, directly or through a pooler', async () => {
  const [{ name } = { name: '' }] = await on.sql<{ name: string }>('select current_database() as name')
  await on.sql(`alter database ${name} set default_transaction_read_only = on`)
  const direct = await startHeartbeats()
  await until(
    async () => (await on.sql('select from holdfast.job_heartbeats where worker = $1', [direct])).length > 0,
  )
  const pooled = await startHeartbeats({ isPooled: true })
  await until(
    async () => (await on.sql('select from holdfast.job_heartbeats where worker = $1', [pooled])).length > 0,
  )
  await on.sql(`alter database ${name} reset default_transaction_read_only`)
})

test('a worker that another process removed learns that it was declared dead', async () => {
  let times = 0
  const worker = await startHeartbeats({ onDeclaredDead: () => (times += 1) })
  await further([])
  await on.sql('delete from holdfast.job_workers where id = $1', [worker])
  await until(() => times > 0)
  expect(times).toBe(1)
})

test('a worker without a heartbeat within the lease is dead, unless it is the worker that checks', async () => {
  const [fresh, alive, silent, neverHeard, self] = [
    await register(),
    await register('1h'),
    await register('1h'),
    await register('1h'),
    await register('1h'),
  ]
  await on.sql(
    `insert into holdfast.job_heartbeats (worker, at) values ($1, now()), ($1, now() - interval '1h'), ($2, now() - interval '1m')`,
    [alive, silent],
  )
  const { text, values = [] } = forgetDead({ service: 'beaten', leaseMs, self })
  const dead = await on.sql<{ id: string }>(text, [...values])
  expect(new Set(dead.map(({ id }) => id))).toEqual(new Set([silent, neverHeard]))
  expect(
    await on.sql('select from holdfast.job_workers where id = any ($1)', [[fresh, alive, self]]),
  ).toHaveLength(3)
})

test('the heartbeat thread does not keep the process alive, and does not load the modules that the program preloads', async () => {
  const preload = `data:text/javascript,console.log('preloaded')`
  const child = spawn(
    process.execPath,
    ['--import', preload, fileURLToPath(new URL('./idle-thread-main.fixture.ts', import.meta.url))],
    { env: { ...process.env, NODE_OPTIONS: `--import=${preload}` }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  expect(await once(child, 'close')).toEqual([0, null])
  expect(output.trim().split('\n')).toHaveLength(1)
})

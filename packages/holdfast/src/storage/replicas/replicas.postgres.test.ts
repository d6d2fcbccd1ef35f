import { execFile } from 'node:child_process'
import { randomUUIDv7 } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type Answer,
  anyone,
  createLogger,
  type Duration,
  holdfast,
  type RunningService,
  type Service,
  systemClock,
} from 'holdfast'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { postgres, sql } from 'holdfast/postgres'
import { until } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { AcceptChange, SecretChanges } from '../../kernel/host/secret-changes.ts'
import { type Standby, startStandby } from '../../../test/standby.ts'
import { createTestFolder } from '../../testing/test-folder.ts'
import { urlOfApplication } from '../roles/application-role.ts'
import { DriverClient } from '../postgres/session/driver-client.ts'
import { createTenantShop, type Visible } from './tenant-shop.fixture.ts'

const folder = await mkdtemp(join(tmpdir(), 'holdfast-replicas-'))
await writeFile(join(folder, '0001-notes.sql'), 'create table notes (id int primary key);')

const access = anyone('a test')
const Seen = z.object({ isReplica: z.boolean(), count: z.int() })

/** A service that reports which server it reads from. */
function createNotes(maxReplicaLag: Duration): Service {
  const app = holdfast({
    database: postgres({ migrations: folder, maxReplicaLag }),
    async identify({ header, db }) {
      if (header('authorization') === undefined) return undefined
      const [row] = await db.query<{ is: boolean }>(sql`select pg_is_in_recovery() as is`)
      return { kind: row!.is ? 'replica' : 'primary' }
    },
  })
  const { query, mutation, service } = app
  const located = app.access('located()', async ({ caller, db }) => {
    const [row] = await db.query<{ is: boolean }>(sql`select pg_is_in_recovery() as is, 'rule' as of`)
    return { kind: `${caller.kind} ${row!.is ? 'replica' : 'primary'}` }
  })

  return service({
    name: 'notes',
    operations: {
      add: mutation({
        route: 'POST /notes',
        access,
        input: z.object({ id: z.int() }),
        async run({ input, db }) {
          await db.query(sql`insert into notes values (${input.id})`)
        },
      }),
      look: query({
        route: 'GET /notes',
        access,
        output: Seen,
        async run({ db }) {
          const [row] = await db.query<z.infer<typeof Seen>>(
            sql`select pg_is_in_recovery() as "isReplica", count(*)::int as count from notes`,
          )
          return row!
        },
      }),
      locate: query({
        route: 'GET /located',
        access: located,
        output: z.string(),
        async run({ caller, db }) {
          const [row] = await db.query<{ is: boolean }>(sql`select pg_is_in_recovery() as is`)
          return `${caller.kind} ${row!.is ? 'replica' : 'primary'}`
        },
      }),
      lookSlowly: query({
        route: 'GET /slow-notes',
        access,
        output: Seen,
        async run({ db }) {
          const [row] = await db.query<z.infer<typeof Seen>>(
            sql`select pg_is_in_recovery() as "isReplica", count(*)::int as count from notes, pg_sleep(1)`,
          )
          return row!
        },
      }),
      lookTwice: query({
        route: 'GET /notes-twice',
        access,
        output: z.array(z.boolean()).max(2),
        async run({ db }) {
          const whereIs = async (): Promise<boolean> =>
            (await db.query<{ is: boolean }>(sql`select pg_is_in_recovery() as is`))[0]!.is
          const first = await whereIs()
          // A table that only the primary has.
          await db.query(sql`select from new_notes`)
          return [first, await whereIs()]
        },
      }),
      sneak: query({
        route: 'GET /sneaky',
        access,
        run: async ({ db }) => void (await db.query(sql`insert into notes values (0)`)),
      }),
    },
  })
}

let directory: string
let primary: EmbeddedPostgres
let standby: Standby
let databaseUrl: string
let database: pg.Client
let replica: pg.Client
let running: RunningService
let lines: Readonly<Record<string, unknown>>[]

beforeAll(async () => {
  directory = await createTestFolder()
  primary = await startEmbeddedPostgres({ directory, settings: { fsync: 'off' } })
})

afterAll(async () => {
  await primary.stop()
  await rm(directory, { recursive: true })
  await rm(folder, { recursive: true })
})

beforeEach(async () => {
  lines = []
  const name = `notes_${randomUUIDv7().replaceAll('-', '')}`
  await withClient(primary.url, (client) => client.query(`create database ${name}`))
  const url = new URL(primary.url)
  url.pathname = `/${name}`
  databaseUrl = url.href
  standby = await startStandby(primary)
  database = await connect(databaseUrl)
  replica = await connect(standby.urlOf(databaseUrl))
  await start('1m')
})

async function start(maxReplicaLag: Duration): Promise<void> {
  await startService(createNotes(maxReplicaLag))
  await readsOfReplica()
}

/** Starts a service. Default URLs: those of the superuser. */
async function startService(
  service: Service,
  { env = {}, ...more }: { env?: Record<string, string>; secretChanges?: SecretChanges } = {},
): Promise<void> {
  running = await service.start({
    ...more,
    env: { DATABASE_URL: databaseUrl, DATABASE_REPLICA_URLS: standby.urlOf(databaseUrl), ...env },
    mode: 'test',
    clock: systemClock,
    log: createLogger({
      level: 'info',
      write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    }),
    notify: () => {},
  })
}

async function startAgain(maxReplicaLag: Duration): Promise<void> {
  await running.stop()
  await start(maxReplicaLag)
}

afterEach(async () => {
  await running.stop()
  await Promise.all([database.end(), replica.end().catch(() => {})])
  await standby.remove()
})

async function connect(url: string): Promise<pg.Client> {
  const client = new DriverClient({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

async function withClient(url: string, act: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = await connect(url)
  try {
    await act(client)
  } finally {
    await client.end()
  }
}

async function call(operation: string, headers: Record<string, string> = {}, body?: object): Promise<Answer> {
  return running.call({
    operation,
    input: { path: {}, query: {}, body },
    header: (name) => headers[name],
  })
}

const keyed = (): Record<string, string> => ({ 'idempotency-key': randomUUIDv7() })
const add = (id: number, headers = keyed()): Promise<Answer> => call('add', headers, { id })
const after = (answer: Answer): Record<string, string> => ({
  'holdfast-position': answer.headers['holdfast-position']!,
})

async function look(headers?: Record<string, string>, operation = 'look'): Promise<z.infer<typeof Seen>> {
  const answer = await call(operation, headers)
  expect(answer.status).toBe(200)
  return JSON.parse(answer.body!) as z.infer<typeof Seen>
}

const readsOfReplica = (): Promise<unknown> => until(async () => (await look()).isReplica)
const readsOfPrimary = (): Promise<unknown> => until(async () => !(await look()).isReplica)
const told = (text: string): boolean => lines.some(({ msg }) => String(msg).includes(text))

test('a client that sends its position reads its own writes from any server', async () => {
  await replica.query('select pg_wal_replay_pause()')
  const added = await add(1)
  expect(await look(after(added))).toEqual({ isReplica: false, count: 1 })
  expect(await look()).toEqual({ isReplica: true, count: 0 })
  await replica.query('select pg_wal_replay_resume()')
  await until(async () => (await look(after(added))).isReplica)
  expect(await look(after(added))).toEqual({ isReplica: true, count: 1 })
})

test('identifiers and access rules read from the primary, and the handler from the replica', async () => {
  const { body } = await call('locate', { authorization: 'anyone' })
  expect(JSON.parse(body!)).toBe('primary primary replica')
})

test('the position of a replayed answer includes all of its writes', async () => {
  await replica.query('select pg_wal_replay_pause()')
  const headers = keyed()
  await add(1, headers)
  const again = await add(1, headers)
  expect(again.headers['idempotency-replayed']).toBe('true')
  expect(await look(after(again))).toEqual({ isReplica: false, count: 1 })
})

test.each(['', '0', 'ffffffff/ffffffff', '0/0x1', '../..'])(
  'an invalid position is served by the primary: %j',
  async (position) => {
    expect((await look({ 'holdfast-position': position })).isReplica).toBe(false)
  },
)

test('a replica that lags too far is excluded, and included again when it has caught up', async () => {
  await startAgain('1s')
  await replica.query('select pg_wal_replay_pause()')
  await add(1)
  await readsOfPrimary()
  expect(told('replica excluded from reads: it is more than 1000 ms behind')).toBe(true)
  const check = running.checks.get('database-replicas')!
  expect(check.required).toBe(false)
  expect(() => check.run({ signal: AbortSignal.timeout(1_000) })).toThrow('more than 1000 ms behind')
  await replica.query('select pg_wal_replay_resume()')
  await readsOfReplica()
  expect(told('replica included in reads')).toBe(true)
  expect(() => check.run({ signal: AbortSignal.timeout(1_000) })).not.toThrow()
})

test('an idle replica does not count as lagging', async () => {
  await startAgain('1s')
  await add(1)
  await readsOfReplica()
  const endMs = performance.now() + 2_500
  while (performance.now() < endMs) expect(await look()).toMatchObject({ isReplica: true })
})

/** Reads continuously while a replica goes down and comes back. No read may fail. */
async function readWhile(act: () => Promise<void>): Promise<number> {
  let isOver = false
  let reads = 0
  const reading = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      expect(await look(undefined, reads % 10 === 0 ? 'lookSlowly' : 'look')).toMatchObject({ count: 1 })
      reads += 1
    }
  })
  await act().finally(() => {
    isOver = true
  })
  await Promise.all(reading)
  return reads
}

test('no read fails if a replica crashes, and the replica is used again after its return', async () => {
  const added = await add(1)
  await until(async () => (await look(after(added))).isReplica)
  const reads = await readWhile(async () => {
    process.kill(standby.server.serverPid, 'SIGQUIT')
    await until(() => told('replica excluded from reads: it does not respond'))
    await readsOfPrimary()
    await standby.server.restart()
    await readsOfReplica()
  })
  expect(reads).toBeGreaterThan(0)
})

test('no read fails if a replica hangs, and the replica is used again after its return', async () => {
  const added = await add(1)
  await until(async () => (await look(after(added))).isReplica)
  const pids = await processesOf(standby.server.serverPid)
  await readWhile(async () => {
    for (const pid of pids) process.kill(pid, 'SIGSTOP')
    await until(() => told('replica excluded from reads: it does not respond'))
    await readsOfPrimary()
    for (const pid of pids) process.kill(pid, 'SIGCONT')
    await readsOfReplica()
  })
})

async function processesOf(postmaster: number): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['--ppid', String(postmaster), '-o', 'pid='])
  return [postmaster, ...stdout.trim().split(/\s+/).map(Number)]
}

test('a read that the replica cancels because of a recovery conflict is retried on the primary', async () => {
  await database.query('insert into notes select generate_series(1, 100)')
  await until(async () => (await look()).count === 100)
  const slow = look(undefined, 'lookSlowly')
  await until(async () => {
    const { rows } = await replica.query(
      `select from pg_stat_activity where query like '%pg_sleep(1)%' and state = 'active' and pid <> pg_backend_pid()`,
    )
    return rows.length === 1
  })
  await database.query('delete from notes where id > 50')
  await database.query('vacuum notes')
  expect(await slow).toEqual({ isReplica: false, count: 50 })
})

test('rows that the replica does not have yet are read from the primary, and so is the rest of the call', async () => {
  await replica.query('select pg_wal_replay_pause()')
  await database.query('create table new_notes ()')
  expect((await call('lookTwice')).body).toBe('[true,false]')
})

test('a server that is no longer a replica receives no reads', async () => {
  await replica.query('select pg_promote()')
  await until(() => told('it is not a replica: it does not follow another server'))
  await add(1)
  expect(await look()).toEqual({ isReplica: false, count: 1 })
})

test('a query cannot write', async () => {
  expect((await call('sneak')).status).toBe(500)
  expect(lines.at(-1)).toMatchObject({ error: { code: 'query-writes' } })
})

async function visibleTo(tenant: string): Promise<Visible> {
  const answer = await call('look', { 'x-tenant': tenant })
  expect(answer.status).toBe(200)
  return JSON.parse(answer.body!) as Visible
}

test('a read of a tenant on a replica sees only the rows of the tenant, and no role bypasses that', async () => {
  await running.stop()
  await startService(createTenantShop())
  await until(async () => (await visibleTo('acme')).ids.length > 0 && (await visibleTo('acme')).isReplica)
  const role = 'holdfast_application'
  expect(await Promise.all(['acme', 'bolt', 'none'].map(visibleTo))).toEqual([
    { isReplica: true, role, ids: ['a1', 'a2'] },
    { isReplica: true, role, ids: ['b1'] },
    { isReplica: true, role, ids: [] },
  ])
  await running.stop()
  // The URL of the replica has another role than that of the primary: a superuser.
  lines = []
  await startService(createTenantShop(), {
    env: { DATABASE_URL: urlOfApplication(databaseUrl).href, DATABASE_OWNER_URL: databaseUrl },
  })
  await until(() => told('no policy applies to the role of its URL') || told('replica included'))
  expect(await visibleTo('acme')).toEqual({ isReplica: false, role, ids: ['a1', 'a2'] })
})

test('the role of a replica changes, no read fails, and all reads use the new role', async () => {
  const roles = ['first', 'second'].map((name) => `reader_${name}_${randomUUIDv7().replaceAll('-', '')}`)
  const urls = roles.map((role) => {
    const url = new URL(standby.urlOf(databaseUrl))
    url.username = role
    url.password = `password of ${role}`
    return url.href
  })
  const createRole = (role: string): Promise<unknown> =>
    database.query(`create role ${role} login password 'password of ${role}' in role pg_read_all_data`)
  await createRole(roles[0]!)
  const changes = new Map<string, AcceptChange>()
  await running.stop()
  await startService(createNotes('1m'), {
    env: { DATABASE_REPLICA_URLS: urls[0]! },
    secretChanges: {
      watch: (name, accept) => void changes.set(name, accept),
      refresh: () => Promise.resolve(),
    },
  })
  await add(1)
  await until(async () => (await look()).count === 1)
  const usersOf = async (): Promise<readonly string[]> => {
    const { rows } = await replica.query<{ name: string }>(
      `select distinct usename as name from pg_stat_activity where application_name like 'holdfast (replica%' order by 1`,
    )
    return rows.map(({ name }) => name)
  }
  await readsOfReplica()
  await until(async () => String(await usersOf()) === roles[0])
  await readWhile(async () => {
    await createRole(roles[1]!)
    const apply = await changes.get('DATABASE_REPLICA_URLS')!(urls[1]!)
    apply()
    await until(async () => String(await usersOf()) === roles[1])
    await database.query(`drop role ${roles[0]}`)
    await readsOfReplica()
  })
  expect(told('replica excluded from reads')).toBe(false)
})

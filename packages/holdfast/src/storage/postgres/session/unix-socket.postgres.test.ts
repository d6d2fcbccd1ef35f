import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { type Socket, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyone, createLogger, holdfast } from 'holdfast'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { postgres, sql } from 'holdfast/postgres'
import { createTelemetry } from 'holdfast/telemetry'
import { until } from 'holdfast/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { testHost } from '../../../../test/test-host.ts'
import { systemWork } from '../../../kernel/host/work.ts'
import { createTestFolder } from '../../../testing/test-folder.ts'
import { isUnavailable } from '../errors/sql-state.ts'
import { createPool, type Pool } from '../pool/pool.ts'
import { connectClient } from './connect-client.ts'
import { requireDatabaseUrl, socketPathOf } from './database-url.ts'

// No server listens on TCP at this port, so that a connection over TCP fails. A symbolic link with
// the socket name of this port points to the server's socket.
const port = 1
const log = createLogger({ level: 'error', write: () => {} })
let directory: string
let server: EmbeddedPostgres
let sockets: string

beforeAll(async () => {
  directory = await createTestFolder()
  server = await startEmbeddedPostgres({ directory, settings: { fsync: 'off', max_connections: '20' } })
  sockets = await mkdtemp(join(tmpdir(), 'holdfast-socket-'))
  await symlink(socketPathOf(requireDatabaseUrl(server.url))!, join(sockets, `.s.PGSQL.${port}`))
})

afterAll(async () => {
  await server.stop()
  await rm(sockets, { recursive: true })
  await rm(directory, { recursive: true })
})

const url = (): string => `postgres://postgres@/holdfast?host=${sockets}&port=${port}`

describe('the forms of a URL', () => {
  const encoded = (): string => encodeURIComponent(sockets)
  const forms: readonly [name: string, url: () => string][] = [
    ['host and port as parameters', url],
    ['no user in front of the host', () => `postgres:///holdfast?user=postgres&host=${sockets}&port=${port}`],
    [
      'a host name that the parameter replaces',
      () => `postgres://postgres@db.invalid:${port}/holdfast?host=${sockets}`,
    ],
    ['an encoded directory as the host', () => `postgresql://postgres@${encoded()}:${port}/holdfast`],
    ['the protocol socket:', () => `socket:${sockets}?db=holdfast&user=postgres&port=${port}`],
    ['parameters of TLS', () => `${url()}&sslmode=verify-full&sslnegotiation=direct`],
  ]
  test.each(forms)('a client connects with %s', async (...[, formOf]) => {
    const client = await connectClient({ connectionString: formOf(), applicationName: 'form' })
    const { rows } = await client.query(
      'select inet_server_addr() as address, current_user as user, current_database() as database',
    )
    await client.end()
    expect(rows).toEqual([{ address: null, user: 'postgres', database: 'holdfast' }])
  })
})

describe.each(['pg', 'holdfast'] as const)('the wire %s over a Unix socket', (wire) => {
  function open(): Pool {
    const pool = createPool({ connectionString: url(), max: 1, applicationName: 'socket', log, wire })
    onTestFinished(() => pool.end())
    return pool
  }

  test('a running statement is cancelled, and its connection is kept', async () => {
    const connection = await open().acquire(systemWork(AbortSignal.timeout(240_000)))
    const failed = connection.run({ text: 'select pg_sleep(600)' }).catch((error: unknown) => error)
    // An attempt to interrupt times out quickly, so a busy machine may need several attempts.
    await until(() => connection.interrupt())
    expect(await failed).toMatchObject({ code: '57014' })
    expect((await connection.run({ text: 'select inet_server_addr() as a' })).rows).toEqual([{ a: null }])
    connection.release()
  })

  test('rows that fill many buffers arrive complete', async () => {
    const connection = await open().acquire(systemWork(AbortSignal.timeout(240_000)))
    const { rows } = await connection.run({
      text: `select n, repeat('x', 1000) as text from generate_series(1, 5000) as n`,
    })
    connection.release()
    expect(rows.length).toBe(5_000)
    expect(rows.every((row, index) => row['n'] === index + 1 && row['text'].length === 1_000)).toBe(true)
  })
})

test('the address in telemetry is the path of the socket, without a port', async () => {
  const telemetry = createTelemetry({ runtimeMetrics: false }, { env: { NODE_ENV: 'test' } })
  const pool = createPool({ connectionString: url(), max: 1, applicationName: 'socket', log, telemetry })
  const connection = await pool.acquire(systemWork(AbortSignal.timeout(240_000)))
  await connection.run({ text: 'select 1 as one' })
  connection.release()
  await pool.end()
  const durations = telemetry
    .readMetrics()
    .find(({ definition }) => definition.name === 'db.client.operation.duration')!
  await telemetry.stop()
  const { attributes } = durations.points[0]!
  expect(attributes).toMatchObject({
    'server.address': `${sockets}/.s.PGSQL.${port}`,
    'db.namespace': 'holdfast',
  })
  expect(attributes).not.toHaveProperty('server.port')
})

describe('a service', () => {
  const { query, service } = holdfast({ database: postgres({ connections: { max: 5, reads: 1 } }) })
  const one = query({
    route: 'GET /one',
    access: anyone('a test'),
    output: z.object({ one: z.int() }),
    async run({ db }) {
      const [row] = await db.query<{ one: number }>(sql`select 1 as one`)
      return row!
    },
  })
  const input = { path: {}, query: {}, body: undefined }
  const call = { operation: 'one', input, header: () => undefined }

  test('calls get a 503 while the server is down, and succeed when it is back', async () => {
    const running = await service({ name: 'down', operations: { one } }).start(
      testHost({ env: { DATABASE_URL: url() } }),
    )
    onTestFinished(() => running.stop())
    await rm(join(sockets, `.s.PGSQL.${port}`))
    await server.restart('immediate')
    await until(async () => (await running.call(call)).status === 503)
    await symlink(socketPathOf(requireDatabaseUrl(server.url))!, join(sockets, `.s.PGSQL.${port}`))
    await until(async () => (await running.call(call)).status === 200)
  })
})

test('a server whose queue of new connections is full is unavailable', async () => {
  const pool = createPool({ connectionString: url(), max: 1, applicationName: 'socket', log })
  onTestFinished(() => pool.end())
  const waiting: Socket[] = []
  // The stopped server accepts no connections, so its queue fills up. Postgres sets the queue
  // length to twice max_connections.
  process.kill(server.serverPid, 'SIGSTOP')
  try {
    let isFull = false
    while (!isFull) {
      const socket = connect(join(sockets, `.s.PGSQL.${port}`))
      waiting.push(socket)
      isFull = await new Promise((resolve) => {
        socket.once('connect', () => resolve(false))
        socket.once('error', () => resolve(true))
      })
    }
    const error: unknown = await pool
      .acquire(systemWork(AbortSignal.timeout(240_000)))
      .catch((failure: unknown) => failure)
    expect(isUnavailable(error)).toBe(true)
  } finally {
    for (const socket of waiting) socket.destroy()
    process.kill(server.serverPid, 'SIGCONT')
  }
})

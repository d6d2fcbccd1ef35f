import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { EmbeddedPostgresOptions } from '../../embedded.ts'
import { processesOf, query, sharedFolder, start, temporaryFolder, until } from './service.fixture.ts'
import { DriverClient } from '../postgres/session/driver-client.ts'

const directory = sharedFolder()

test('an embedded Postgres keeps its data and its address', async () => {
  const messages: string[] = []
  const fresh = join(temporaryFolder(), 'app', '.holdfast', 'postgres')
  const first = await start({ directory: fresh, notify: (message) => messages.push(message) })
  const { url } = first
  await query(url, 'create table notes as select 7 as id')
  await first.stop()
  expect(processesOf(fresh)).toEqual([])

  const second = await start({ directory: fresh })
  expect(second.url).toBe(url)
  expect(await query(second.url, 'select * from notes')).toEqual([{ id: 7 }])
  expect(messages).toEqual([`Creating a Postgres 18 database in ${fresh}.`])
})

test('an embedded Postgres has the same locale everywhere, and the configured settings', async () => {
  const { url } = await start({
    directory,
    database: 'Größe "x"',
    settings: { fsync: 'off', work_mem: '7MB' },
  })
  const [row] = await query(
    url,
    `select current_database() as database, upper('straße é') as upper, 'a' < 'B' as alphabetical,
      current_setting('fsync') as fsync, current_setting('work_mem') as "workMem",
      current_setting('server_encoding') as encoding, current_setting('TimeZone') as "timeZone"`,
  )
  expect(row).toEqual({
    database: 'Größe "x"',
    upper: 'STRAßE É',
    alphabetical: false,
    fsync: 'off',
    workMem: '7MB',
    encoding: 'UTF8',
    timeZone: 'UTC',
  })
})

test('an embedded Postgres accepts only users who can read its files', async () => {
  const { tcpUrl } = await start({ directory })
  const [row] = await query(
    tcpUrl,
    `select current_setting('listen_addresses') as hosts, host(inet_server_addr()) as host, version() as version`,
  )
  expect(row).toMatchObject({
    hosts: '127.0.0.1',
    host: '127.0.0.1',
    version: expect.stringMatching(/^PostgreSQL 18/),
  })
  const stranger = new URL(tcpUrl)
  stranger.password = 'guess'
  await expect(query(stranger.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
  expect(statSync(join(directory, 'data', 'holdfast-password')).mode & 0o777).toBe(0o600)
  expect(statSync(directory).mode & 0o777).toBe(0o700)
})

test('an embedded Postgres listens on a Unix socket that only its user can open', async () => {
  const { url } = await start({ directory })
  const [row] = await query(url, 'select inet_server_addr() as address')
  expect(row).toEqual({ address: null })
  const sockets = join(directory, 'socket')
  expect(readdirSync(sockets)).toContain(`.s.PGSQL.${new URL(url).port}`)
  expect(statSync(sockets).mode & 0o777).toBe(0o700)
})

test.runIf(process.geteuid?.() === 0)('another user cannot connect to the Unix socket', async () => {
  const { url } = await start({ directory })
  const path = join(directory, 'socket', `.s.PGSQL.${new URL(url).port}`)
  const script = `require('net').connect(${JSON.stringify(path)}).on('error', ({ code }) => console.log(code)).on('connect', () => process.exit())`
  const stranger = { uid: 54_321, gid: 54_321, cwd: '/', encoding: 'utf8' } as const
  expect(spawnSync(process.execPath, ['-e', script], stranger).stdout).toBe('EACCES\n')
})

test('a stop leaves no Unix socket', async () => {
  const postgres = await start({ directory })
  await postgres.stop()
  expect(readdirSync(join(directory, 'socket'))).toEqual([])
})

test('the URL uses TCP if the path of the Unix socket is too long', async () => {
  const messages: string[] = []
  const long = join(temporaryFolder(), 'long'.repeat(20))
  const postgres = await start({ directory: long, notify: (message) => messages.push(message) })
  expect(postgres.url).toBe(postgres.tcpUrl)
  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(messages.join()).toContain('too long for this system')
})

test('the URL uses TCP if the system refuses the Unix socket', async () => {
  const messages: string[] = []
  const postgres = await start({
    directory,
    settings: { unix_socket_group: 'no-such-group' },
    notify: (message) => messages.push(message),
  })
  expect(postgres.url).toBe(postgres.tcpUrl)
  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(messages.join()).toContain('cannot create a Unix socket')
})

test('an embedded Postgres uses another port if its own port is in use', async () => {
  const messages: string[] = []
  const first = await start({ directory })
  const port = Number(new URL(first.url).port)
  await first.stop()
  const squatter = createServer().listen(port, '127.0.0.1')
  onTestFinished(() => void squatter.close())
  await until(() => squatter.listening)

  const second = await start({ directory, notify: (message) => messages.push(message) })
  expect((squatter.address() as AddressInfo).port).toBe(port)
  expect(Number(new URL(second.url).port)).not.toBe(port)
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(messages.join()).toContain(`Port ${port}`)
})

test.for(['fast', 'immediate'] as const)(
  'restarts %s at the same address, with all committed data',
  async (mode) => {
    const postgres = await start({ directory })
    const { url, serverPid } = postgres
    await query(url, `create table after_${mode} as select 7 as id`)
    await postgres.restart(mode)
    expect(postgres.serverPid).not.toBe(serverPid)
    expect(postgres.url).toBe(url)
    expect(await query(url, `select * from after_${mode}`)).toEqual([{ id: 7 }])
    const log = readFileSync(join(postgres.directory, 'postgres.log'), 'utf8')
    expect(log.includes('automatic recovery')).toBe(mode === 'immediate')
  },
)

test('a server that was killed is available after a restart', async () => {
  const postgres = await start({ directory })
  process.kill(postgres.serverPid, 'SIGKILL')
  await postgres.restart()
  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test(
  'a stop terminates a server that does not shut down in time, and logs it',
  { timeout: 20_000 },
  async () => {
    const messages: string[] = []
    const postgres = await start({
      directory,
      stopTimeout: '100ms',
      notify: (message) => messages.push(message),
    })
    const client = new DriverClient({ connectionString: postgres.url })
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    process.kill(rows[0]!.pid, 'SIGSTOP')
    await postgres.stop()
    expect(processesOf(postgres.directory)).toEqual([])
    expect(messages.join()).toContain('did not shut down within 100 ms')
  },
)

test('an embedded Postgres stops once, and does not restart by itself', async () => {
  const postgres = await start({ directory })
  await Promise.all([postgres.stop(), postgres.stop()])
  await postgres.stop()
  await expect(postgres.restart()).rejects.toMatchObject({ code: 'embedded-postgres-stopped' })
})

test('a start rejects data of another version, and leaves the data unchanged', async () => {
  const postgres = await start({ directory })
  await postgres.stop()
  const versionFile = join(directory, 'data', 'PG_VERSION')
  writeFileSync(versionFile, '17\n')
  onTestFinished(() => writeFileSync(versionFile, '18\n'))
  await expect(start({ directory })).rejects.toMatchObject({
    code: 'embedded-postgres-version',
    message: expect.stringContaining('Install embedded-postgres@17'),
  })
  expect(readFileSync(versionFile, 'utf8')).toBe('17\n')
})

test('a failed start is reported with the end of the Postgres log', async () => {
  await expect(start({ directory, settings: { shared_buffers: 'much' } })).rejects.toMatchObject({
    code: 'embedded-postgres-unavailable',
    message: expect.stringContaining('invalid value for parameter "shared_buffers": "much"'),
  })
  await until(() => processesOf(directory).length === 0)
})

test('a folder that cannot be created is reported', async () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  await expect(start({ directory: join(file, 'postgres') })).rejects.toMatchObject({
    code: 'embedded-postgres-unavailable',
    message: expect.stringContaining(file),
  })
})

test.for<[EmbeddedPostgresOptions, string]>([
  [{ database: '' }, 'database'],
  [{ database: 'x'.repeat(64) }, 'database'],
  [{ settings: { port: '5432' } }, 'port'],
  [{ settings: { 'x=1 -c y': '2' } }, 'settings'],
])('rejects the options %j', async ([options, name]) => {
  await expect(start({ directory, ...options })).rejects.toMatchObject({
    code: 'embedded-postgres-options',
    message: expect.stringContaining(name),
  })
})

test('a start rejects a duration without a unit', async () => {
  await expect(start({ directory, stopTimeout: 100 as never })).rejects.toMatchObject({
    code: 'duration-invalid',
    message: expect.stringContaining('The option stopTimeout is 100'),
  })
})

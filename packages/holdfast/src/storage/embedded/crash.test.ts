import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openHome } from './home.ts'
import { takeLease } from './lease.ts'
import {
  processesOf,
  query,
  sharedFolder,
  start,
  startService,
  temporaryFolder,
  until,
} from './service.fixture.ts'
import { DriverClient } from '../postgres/session/driver-client.ts'

const directory = sharedFolder()

test('the server shuts down cleanly soon after the only process that uses it is killed', async () => {
  const service = startService({ directory })
  await service.next('url')
  await service.kill()
  await until(() => processesOf(directory).length === 0)
  expect(readFileSync(join(directory, 'postgres.log'), 'utf8')).toContain('database system is shut down')
})

test('a start waits until the server of a killed process has shut down, and starts a new watchdog', async () => {
  const first = startService({ directory })
  const client = await connect(await first.next('url'))
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const backend = rows[0]!.pid
  // Delays the shutdown.
  process.kill(backend, 'SIGSTOP')
  await first.kill()
  await until(() => readFileSync(join(directory, 'postgres.log'), 'utf8').includes('fast shutdown request'))

  const second = startService({ directory })
  await until(() =>
    readFolder(join(directory, 'lock')).some((name) => name.startsWith(`${second.process.pid}-`)),
  )
  process.kill(backend, 'SIGCONT')
  await query(await second.next('url'), 'select')
  expect(await second.next('serverPid')).not.toBe(await first.next('serverPid'))
  await second.kill()
  await until(() => processesOf(directory).length === 0)
})

test('a start joins a running server whose process and watchdog were killed', async () => {
  const service = startService({ directory })
  const serverPid = await service.next('serverPid')
  process.kill(watchdogPid(), 'SIGKILL')
  await service.kill()
  const postgres = await start({ directory })
  expect(postgres.serverPid).toBe(serverPid)
  await postgres.stop()
  expect(processesOf(directory)).toEqual([])
})

test('a watchdog that was killed is replaced by the next process', async () => {
  const first = startService({ directory })
  await first.next('url')
  process.kill(watchdogPid(), 'SIGKILL')
  const second = startService({ directory })
  await second.next('url')
  await second.kill()
  expect(processesOf(directory).length).toBeGreaterThan(0)
  await first.kill()
  await until(() => processesOf(directory).length === 0)
})

test('files of an interrupted creation are never used', async () => {
  const empty = join(temporaryFolder(), 'postgres')
  const service = startService({ directory: empty })
  await until(() => readFolder(empty).some((name) => readFolder(join(empty, name)).includes('base')))
  await service.kill()
  expect(readFolder(empty)).not.toContain('data')
  const postgres = await start({ directory: empty })
  await query(postgres.url, 'select')
  expect(readFolder(empty).toSorted()).toEqual(['data', 'lease', 'lock', 'postgres.log', 'socket'])
})

test('a lock file whose process id now belongs to another program is ignored, and the program is not killed', async () => {
  await leftByCrash()
  const { uid, gid } = statSync(join(directory, 'data'))
  const program = spawn('sleep', ['600'], { uid, gid })
  nameInLockFile(program.pid!)
  const messages: string[] = []
  const postgres = await start({ directory, notify: (message) => messages.push(message) })
  expect(await query(postgres.url, 'select id from notes')).toEqual([{ id: 7 }])
  expect(messages.join()).toContain('will recover on the next start')
  await postgres.stop()
  await expectUnharmed(program)
})

test('a lock file whose process id now belongs to another Postgres is ignored, and that Postgres is not killed', async () => {
  const other = await start({ directory: join(temporaryFolder(), 'other') })
  await leftByCrash()
  nameInLockFile(other.serverPid)
  const postgres = await start({ directory })
  expect(await query(postgres.url, 'select id from notes')).toEqual([{ id: 7 }])
  await postgres.stop()
  await query(other.url, 'select')
})

test('a lock file that a machine crash emptied is ignored', async () => {
  await leftByCrash()
  writeFileSync(join(directory, 'data', 'postmaster.pid'), '')
  const postgres = await start({ directory })
  expect(await query(postgres.url, 'select id from notes')).toEqual([{ id: 7 }])
})

test('a Unix socket whose process id now belongs to another program is replaced', async () => {
  await leftByCrash()
  const { uid, gid } = statSync(join(directory, 'data'))
  const program = spawn('sleep', ['600'], { uid, gid })
  onTestFinished(() => void program.kill())
  const sockets = join(directory, 'socket')
  const [, lock] = readdirSync(sockets).toSorted()
  const file = join(sockets, lock!)
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(program.pid)))
  const postgres = await start({ directory })
  expect(postgres.url).not.toBe(postgres.tcpUrl)
  expect(await query(postgres.url, 'select id from notes')).toEqual([{ id: 7 }])
})

test('the watchdog signals only a server of its folder', async () => {
  const home = openHome(directory, () => {})
  const program = spawn('sleep', ['600'], { ...home.account })
  const lease = await takeLease(home)
  lease.announce(program.pid!)
  expect(await lease.release()).toBe(true)
  await lease.watchdogEnded()
  await expectUnharmed(program)
})

/**
 * Checks that a program has received no signal yet: sends SIGTERM and expects it to be the signal
 * that ends the program.
 */
async function expectUnharmed(program: ChildProcess): Promise<void> {
  const exited = once(program, 'exit')
  program.kill('SIGTERM')
  await exited
  expect(program.signalCode).toBe('SIGTERM')
}

/**
 * Creates a table `notes`, then kills the server and all related processes together, as in a power
 * failure.
 */
async function leftByCrash(): Promise<void> {
  const service = startService({ directory })
  const client = await connect(await service.next('url'))
  await client.query('create table if not exists notes as select 7 as id')
  process.kill(watchdogPid(), 'SIGKILL')
  await service.kill()
  process.kill(await service.next('serverPid'), 'SIGKILL')
  await until(() => processesOf(directory).length === 0)
}

async function connect(url: string): Promise<DriverClient> {
  const client = new DriverClient({ connectionString: url })
  await client.connect()
  return client
}

function nameInLockFile(pid: number): void {
  const file = join(directory, 'data', 'postmaster.pid')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(pid)))
}

function watchdogPid(): number {
  return processesOf(directory).find(({ command }) => command.includes('holdfast-watchdog'))!.pid
}

function readFolder(path: string): string[] {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(path) : []
}

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startEmbeddedPostgres } from '../../embedded.ts'
import {
  processesOf,
  query,
  sharedFolder,
  startService,
  temporaryFolder,
  until,
  type Service,
} from './service.fixture.ts'

const directory = sharedFolder()

test('ten processes that start at once in an empty folder use one server, and the last one stops it', async () => {
  const empty = join(temporaryFolder(), 'app', '.holdfast', 'postgres')
  const services = Array.from({ length: 10 }, () => startService({ directory: empty }))
  const pids = await Promise.all(services.map((service) => service.next('serverPid')))
  expect(new Set(pids).size).toBe(1)
  const [survivor, ...others] = services
  await Promise.all(
    others.map((service, index) => (index % 2 === 0 ? service.finish('stop') : service.kill())),
  )
  await answers(survivor!)
  await survivor!.finish('stop')
  expect(processesOf(empty)).toEqual([])
  expect(readdirSync(empty).toSorted()).toEqual(['data', 'lease', 'lock', 'postgres.log', 'socket'])
})

test.for(['stop', 'kill'] as const)(
  'one process that exits by %s leaves the server to the others',
  async (how) => {
    const first = startService({ directory })
    const serverPid = await first.next('serverPid')
    const second = startService({ directory })
    expect(await second.next('serverPid')).toBe(serverPid)

    // The process that started the server exits first.
    await (how === 'stop' ? first.finish('stop') : first.kill())
    await answers(second)
    await second.finish('stop')
    expect(processesOf(directory)).toEqual([])
  },
)

test('two starts in one process count as two users of the server', async () => {
  const [one, other] = await Promise.all([
    startEmbeddedPostgres({ directory }),
    startEmbeddedPostgres({ directory }),
  ])
  onTestFinished(() => other.stop())
  await one.stop()
  expect(processesOf(directory).map(({ pid }) => pid)).toContain(other.serverPid)
  await other.stop()
  expect(processesOf(directory)).toEqual([])
})

test('a process that does not stop its server can still exit, which stops the server', async () => {
  const service = startService({ directory })
  await service.next('url')
  await service.finish('end')
  expect(service.process.exitCode).toBe(0)
  await until(() => processesOf(directory).length === 0)
  expect(existsSync(join(directory, 'data', 'postmaster.pid'))).toBe(false)
})

test('a process can exit after it has stopped its server', async () => {
  const service = startService({ directory })
  await service.next('url')
  await service.finish('stop')
  expect(service.process.exitCode).toBe(0)
  expect(service.lines.at(-1)).toEqual({ done: 'stop' })
})

test('Ctrl-C reaches only the process of the service', async () => {
  const service = startService({ directory })
  await service.next('url')
  process.kill(-service.process.pid!, 'SIGINT')
  await service.next('interrupted')
  await answers(service)
})

test('a restart by one process keeps the address for the others', async () => {
  const service = startService({ directory })
  await service.next('url')
  const postgres = await startEmbeddedPostgres({ directory })
  await postgres.restart('immediate')
  const { serverPid } = postgres
  await postgres.stop()
  await answers(service)

  // The watchdog knows the new server too.
  await service.kill()
  await until(() => processesOf(directory).every(({ pid }) => pid !== serverPid))
})

async function answers(service: Service): Promise<void> {
  await query(await service.next('url'), 'select')
}

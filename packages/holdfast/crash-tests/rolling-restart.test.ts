import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DebianTool, debianTool } from '../test/debian-tool.ts'
import { type Haproxy, startHaproxy } from './haproxy.ts'
import type { ClientsReport } from './keep-alive-clients-main.ts'
import { type Clients, startClients } from './keep-alive-clients.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/*
 * Goal: a restart of a server behind a load balancer loses no request.
 *
 * Method: two servers behind haproxy restart in turn. Meanwhile, 50 clients send mutations on
 * keep-alive connections, and do not retry them. No request may fail, be lost or be duplicated.
 *
 * Control: without the drain delay, clients must see failures.
 */

/**
 * `ROLLING_RESTARTS=full npm test rolling` restarts the servers 20 times, with the drain delay and
 * the health checks of production, and takes some minutes.
 */
const isFull = process.env['ROLLING_RESTARTS'] === 'full'
const production = { env: {}, check: '' }
// The delay is long enough for haproxy to notice a stopping server, even on a busy machine.
const shortened = { env: { DRAIN_DELAY: '4s' }, check: 'inter 100ms fall 2 rise 1' }
const restarts = isFull ? 20 : 4

let haproxyTool: DebianTool
let database: TestDatabase
let servers: ServerProcess[] = []
let haproxy: Haproxy | undefined
let clients: Clients | undefined

beforeAll(async () => {
  haproxyTool = await debianTool('haproxy')
})

beforeEach(async () => {
  database = await createMigratedDatabase()
})

afterEach(async () => {
  clients?.kill()
  await haproxy?.stop()
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
  await database.drop()
})

interface Rolling {
  readonly env: Readonly<Record<string, string>>
  readonly check: string
}

/**
 * Restarts two servers in turn behind haproxy while 50 clients send requests; returns the results
 * of the requests.
 */
async function roll(path: string, { env, check }: Rolling, times: number): Promise<ClientsReport> {
  const start = (): Promise<ServerProcess> =>
    startServer(new URL('./life-cycle-main.ts', import.meta.url), {
      NODE_ENV: 'production',
      LOG_LEVEL: 'error',
      DATABASE_URL: database.url,
      // A slow response on a busy machine is not a failure.
      RECORD_DEADLINE: '2m',
      ...env,
    })
  servers = await Promise.all([start(), start()])
  haproxy = await startHaproxy({ path, servers: servers.map(({ url }) => url), check })
  const { isUp, url } = haproxy
  clients = await startClients(url, 50)
  for (let turn = 0; turn < times; turn += 1) {
    const server = servers[turn % servers.length]!
    expect(await server.restart()).toBe(0)
    await until(() => isUp(server.url))
  }
  return clients.stop()
}

/** Returns the first few lost and duplicated requests. */
async function findViolations({ answered, failed }: ClientsReport): Promise<readonly string[]> {
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  const { rows } = await looking.query<{ name: string; count: string }>(
    'select name, count(*) from effects group by name',
  )
  await looking.end()
  const kept = new Map(rows.map(({ name, count }) => [name, Number(count)]))
  return [
    ...failed.map(({ key, reason }) => `failed: ${key} got ${reason}`),
    ...answered.filter((key) => !kept.has(key)).map((key) => `lost: ${key}`),
    ...[...kept].filter(([, count]) => count > 1).map(([key]) => `duplicated: ${key}`),
  ].slice(0, 20)
}

test(
  `${restarts} rolling restarts behind haproxy: nothing is lost or duplicated`,
  async (context) => {
    if (haproxyTool.path === undefined) return context.skip(haproxyTool.missing)
    const beganMs = performance.now()
    const report = await roll(haproxyTool.path, isFull ? production : shortened, restarts)
    const seconds = Math.round((performance.now() - beganMs) / 1_000)
    console.info(
      `${restarts} rolling restarts in ${seconds} s: ${report.answered.length} answered, ${report.failed.length} failed, ${report.connections} connections of clients, the longest answer took ${report.maxMs} ms`,
    )
    expect(await findViolations(report)).toEqual([])
    // Without these conditions, the test could pass without testing anything: clients must have
    // sent enough requests and kept their connections.
    expect(report.answered.length).toBeGreaterThan(restarts * 100)
    expect(report.connections).toBe(50)
  },
  (isFull ? 900 : 300) * 1_000,
)

test('clients see failures in the same restarts without the delay', async (context) => {
  if (haproxyTool.path === undefined) return context.skip(haproxyTool.missing)
  // A restart may fall between two requests, so restarts are repeated until a request has failed.
  const hasFailed = async (path: string): Promise<boolean> => {
    const report = await roll(path, { ...shortened, env: { DRAIN_DELAY: '0s' } }, 3)
    const violations = await findViolations(report)
    await haproxy?.stop()
    haproxy = undefined
    await Promise.all(servers.map((server) => server.stop()))
    return violations.some((violation) => violation.startsWith('failed'))
  }
  let isSeen = false
  for (let round = 0; round < 10 && !isSeen; round += 1) isSeen = await hasFailed(haproxyTool.path)
  expect(isSeen).toBe(true)
})

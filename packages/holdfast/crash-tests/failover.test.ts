import { randomUUIDv7 } from 'node:crypto'
import { chown, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Answer, createLogger, type RunningService, systemClock } from 'holdfast'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { until } from 'holdfast/testing'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'
import { createTestFolder } from '../src/testing/test-folder.ts'
import { type Standby, startStandby } from '../test/standby.ts'
import { startSwitchedProxy, type SwitchedProxy } from '../test/switched-proxy.ts'
import { codeOf, findWorkViolations, isAllDone, retryable } from './cut-invariants.ts'
import { createCutService } from './cut-service.ts'

/*
 * Goal: every effect that was acknowledged before a failover exists once after it, and the old
 * primary gets no writes.
 *
 * Method: the service connects through a proxy to a primary whose commits wait for a standby.
 * Clients retry their mutations while the primary is killed and the standby is promoted. Then new
 * connections reach the old primary again, as they do if a client has cached the DNS name. By then,
 * the old primary is a read-only standby. Afterwards all keys are sent again, and each must replay
 * its answer.
 */

const clientCount = 8
const timeout = '2m'

/** Clients that send mutations one after another, each until its response is final. */
class Clients {
  readonly #running: RunningService
  readonly #done: Promise<unknown>
  #isStopping = false
  /** Keys with a final response. */
  readonly committed = new Map<string, Answer>()
  /** Unexpected responses. */
  readonly faults: string[] = []
  refusals = 0

  constructor(running: RunningService) {
    this.#running = running
    this.#done = Promise.all(Array.from({ length: clientCount }, () => this.#work()))
  }

  /** Waits until further mutations have been committed. */
  async progress(count = 20): Promise<void> {
    const target = this.committed.size + count
    await until(() => this.committed.size >= target || this.faults.length > 0, { timeout })
  }

  /** Waits until further mutations have been refused. */
  async refused(count = 20): Promise<void> {
    const target = this.refusals + count
    await until(() => this.refusals >= target, { timeout })
  }

  /** Stops sending new keys. Resolves when each sent key has its final response. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#done
  }

  async send(key: string): Promise<Answer> {
    const headers: Readonly<Record<string, string>> = { 'idempotency-key': key, 'request-timeout': '2s' }
    return this.#running.call({
      operation: 'record',
      input: { path: {}, query: {}, body: { name: key } },
      header: (name) => headers[name],
    })
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      const key = randomUUIDv7()
      const final = await until(() => this.#attempt(key), { timeout, every: '50ms' })
      this.committed.set(key, final)
    }
  }

  async #attempt(key: string): Promise<Answer | undefined> {
    const answer = await this.send(key)
    if (answer.status === 201) return answer
    this.refusals += 1
    if (!retryable.includes(codeOf(answer))) this.faults.push(`${answer.status} ${answer.body}`)
    return undefined
  }
}

test('a standby is promoted, and the old primary comes back read-only: every acknowledged effect exists once', async () => {
  await using cluster = await startCluster()
  const running = await createCutService().start({
    env: { ...process.env, DATABASE_URL: cluster.proxy.url },
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })
  const worker = await running.startWorker({ concurrency: 4 })
  const clients = new Clients(running)
  try {
    await clients.progress()
    await cluster.failOver()
    await clients.progress()

    // New connections reach the old primary again, as if a client had cached the DNS name.
    await cluster.returnAsStandby()
    cluster.proxy.switchTo(cluster.primary.url)
    cluster.proxy.drop()
    await clients.refused()
    expect(await countWrites(cluster.primary.url)).toBe(0)

    // The sessions in which the old primary rejected writes must not be reused.
    cluster.proxy.switchTo(cluster.standby.server.url)
    await clients.progress()
    await clients.stop()

    const looking = await connect(cluster.standby.server.url)
    await until(() => isAllDone(looking), { timeout, what: 'the end of all jobs' })
    const names = new Map([...clients.committed.keys()].map((key) => [key, 'across the failover']))
    expect(clients.faults).toEqual([])
    expect(await findWorkViolations(looking, names)).toEqual([])
    for (const [key, answer] of clients.committed)
      expect(await clients.send(key)).toMatchObject({
        body: answer.body,
        headers: { 'idempotency-replayed': 'true' },
      })
    await looking.end()
  } finally {
    await clients.stop()
    await worker?.stop(1_000)
    await running.stop()
  }
}, 300_000)

interface Cluster extends AsyncDisposable {
  readonly primary: EmbeddedPostgres
  readonly standby: Standby
  readonly proxy: SwitchedProxy
  /** Kills the primary and promotes the standby. */
  failOver(): Promise<void>
  /** Starts the old primary as a standby. */
  returnAsStandby(): Promise<void>
}

/** Starts a primary whose commits wait for its standby, and a proxy in front of it. */
async function startCluster(): Promise<Cluster> {
  const directory = await createTestFolder()
  const primary = await startEmbeddedPostgres({ directory, settings: { fsync: 'off' } })
  const standby = await startStandby(primary)
  const client = await connect(primary.url)
  await client.query(`alter system set synchronous_standby_names = '*'`)
  await client.query('select pg_reload_conf()')
  await until(async () => {
    const { rows } = await client.query(`select from pg_stat_replication where sync_state = 'sync'`)
    return rows.length === 1
  })
  await client.end()
  const proxy = await startSwitchedProxy(primary.url)
  return {
    primary,
    standby,
    proxy,
    async failOver() {
      process.kill(primary.serverPid, 'SIGQUIT')
      const promoting = await connect(standby.server.url)
      await promoting.query('select pg_promote()')
      // The new primary has no standby to wait for.
      await promoting.query(`alter system set synchronous_standby_names = ''`)
      await promoting.query('select pg_reload_conf()')
      await promoting.end()
      proxy.switchTo(standby.server.url)
    },
    async returnAsStandby() {
      const data = join(directory, 'data')
      const { uid, gid } = await stat(data)
      await writeFile(join(data, 'standby.signal'), '')
      await chown(join(data, 'standby.signal'), uid, gid)
      await primary.restart()
    },
    async [Symbol.asyncDispose]() {
      await proxy.close()
      await primary.stop()
      await standby.server.stop()
      await rm(standby.server.directory, { recursive: true, force: true })
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new DriverClient({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Counts the service's sessions with a writing transaction. */
async function countWrites(url: string): Promise<number> {
  const client = await connect(url)
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
     where application_name = 'holdfast' and backend_xid is not null`,
  )
  await client.end()
  return rows[0]!.count
}

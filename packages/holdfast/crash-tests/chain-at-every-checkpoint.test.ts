import { randomUUID } from 'node:crypto'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { insertTrail } from '../src/identity/trail/queries/insert-trail.ts'
import { verifyTrail } from '../src/identity/trail/verify-trail.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'
import { runStatement } from '../src/storage/postgres/statement/statement-client.ts'
import { createMigratedDatabase } from '../src/testing/template.ts'
import { duringFile } from '../test/during.ts'
import { overTcp } from '../test/over-tcp.ts'
import {
  type CheckpointProcess,
  type LoadedProcess,
  loadCheckpointProcess,
} from './checkpoints/checkpoint-process.ts'
import { exhaust, type Exhausted, type ExhaustReport } from './checkpoints/exhaust.ts'

/*
 * Goal: a process may die at any point while it chains the trail. Afterwards, each row is in the
 * chain once, at its own position, and the chain verifies.
 *
 * Method: a process kills itself (SIGKILL) at each point at which it sends something to Postgres,
 * or receives something, while it extends an existing chain and begins a new one. Then two
 * processes chain the rest at the same time.
 *
 * Control: the test must detect a process that stores the positions and the head in separate
 * commits.
 */

const timeoutMs = 600_000
const rowsOfRun = 3

const context = duringFile(async () => {
  const database = await createMigratedDatabase()
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  const { href, port } = overTcp(database.url)
  const loaded: LoadedProcess[] = []
  async function load(): Promise<LoadedProcess> {
    const process = await loadCheckpointProcess(
      new URL('./chain-at-every-checkpoint-main.ts', import.meta.url),
      {
        env: { DATABASE_URL: href },
        ports: [Number(port)],
      },
    )
    loaded.push(process)
    return process
  }
  return {
    looking,
    load,
    other: await (await load()).begin(),
    async [Symbol.asyncDispose]() {
      await Promise.all(loaded.map((process) => process.kill()))
      await looking.end()
      await database.drop()
    },
  }
})

/** Kills processes while they chain. `prefix` is the name of the chain that all of them extend. */
async function exhaustChaining(
  prefix: string,
  {
    query = '',
    ...more
  }: Pick<Exhausted, 'where' | 'isEnough' | 'isInEachSample'> & { readonly query?: string },
): Promise<ExhaustReport> {
  const { load, other } = context
  return exhaust(prefix, {
    load,
    ...more,
    async run(name, process) {
      for (const service of [prefix, name]) {
        await insertRows(service)
        await chain(process, service, query).catch(() => process.died)
      }
    },
    async goOn(name, process) {
      for (const service of [prefix, name])
        await until(
          async () => {
            await Promise.all([process, other].map((each) => chain(each, service, query)))
            return (await countUnchained(service)) === 0
          },
          { what: `all rows of ${service} in its chain` },
        )
    },
  })
}

/** Verifies the trails of the services whose name begins with a prefix, and counts their rows. */
async function verify(prefix: string) {
  const { rows: stored } = await context.looking.query<{ service: string; rows: number }>(
    'select service, count(*)::int as rows from holdfast.trail group by service',
  )
  const trails = (await verifyTrail(context.looking)).filter(({ service }) => service.startsWith(prefix))
  const rowsOf = new Map(stored.map(({ service, rows }) => [service, rows]))
  return { trails, rowsOf, breaks: trails.filter((trail) => trail.break) }
}

async function insertRows(service: string): Promise<void> {
  for (let n = 0; n < rowsOfRun; n += 1) {
    const row = {
      service,
      operation: 'pay',
      caller_kind: 'user',
      caller_id: 'ann',
      tenant: null,
      target: null,
    }
    const more = { id: randomUUID(), details: null, request_id: String(n), trace_id: null, status: 201 }
    await runStatement(context.looking, insertTrail({ ...row, ...more }))
  }
}

async function chain({ url }: CheckpointProcess, service: string, query: string): Promise<void> {
  const response = await fetch(`${url}/${service}${query}`, { method: 'POST' })
  if (!response.ok) throw new Error(await response.text())
}

async function countUnchained(service: string): Promise<number> {
  const { rowCount } = await context.looking.query(
    'select from holdfast.trail where service = $1 and position is null',
    [service],
  )
  return rowCount ?? 0
}

test(
  'kill -9 at every point of chaining the trail: each row is in the chain once, and the chain verifies',
  async () => {
    const report = await exhaustChaining('chain', {
      isInEachSample: (label) => !label.includes('select id, service'),
    })
    console.info(`killed at ${report.deaths.length} points`)
    const labels = report.deaths.map(({ label }) => label)
    for (const text of [/insert into holdfast.trail_heads/, /update holdfast.trail_heads/, /commit/i])
      expect(labels.filter((label) => text.test(label))).not.toEqual([])
    const { trails, rowsOf } = await verify('chain')
    expect(trails.length).toBeGreaterThan(report.deaths.length)
    for (const trail of trails) {
      const rows = rowsOf.get(trail.service)!
      expect(trail).toEqual({ ...trail, rows, position: String(rows), unchained: 0 })
      expect(trail).not.toHaveProperty('break')
    }
  },
  timeoutMs,
)

test(
  'the test detects a chain whose head is stored in another commit',
  async () => {
    const hasBreak = async () => (await verify('unsafe')).breaks.length > 0
    await exhaustChaining('unsafe', {
      query: '?unsafe',
      where: /^after update holdfast.trail set/,
      isEnough: hasBreak,
    })
    expect(await hasBreak()).toBe(true)
  },
  timeoutMs,
)

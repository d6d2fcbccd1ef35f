import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTestPostgres } from 'holdfast/testing'
import pg from 'pg'
import type { Bench, Table } from '../benchmark.ts'
import { productionEnv } from '../production-env.ts'
import type { MemberTask } from './programs/member.ts'

const workers = [1, 4, 16]
const consumers = 20
const enqueuesPerSecond = 14
// The time after which startup work has ended.
const settleMs = 10_000
// Max interval at which an idle backend reports its transactions to the statistics.
const reportMs = 11_000
const program = join(import.meta.dirname, 'programs/member.ts')

/** Measures the transactions per second of idle workers, alone and with unrelated jobs. */
export async function idle({ seconds, processes, atEnd, notify }: Bench): Promise<Table> {
  const postgres = await startTestPostgres()
  atEnd(() => postgres.stop())
  const windowMs = Math.max(20, seconds) * 1_000
  const start = (task: MemberTask): ChildProcess =>
    processes.start([process.execPath, ...process.execArgv, program, JSON.stringify(task)], {
      env: productionEnv,
    })

  async function measure(count: number, rate: number): Promise<number> {
    notify(`${count} workers, ${rate} enqueues/s`)
    const name = `idle_${count}_${rate}`
    await query(postgres.url, `create database ${name}`)
    const url = new URL(postgres.tcpUrl)
    url.pathname = `/${name}`
    const task = { url: url.href, consumers, enqueuesPerSecond: 0 }
    const members: ChildProcess[] = []
    for (let n = 0; n < count; n += 1) {
      members.push(start(task))
      // The workers start one after another, because a simultaneous start would overload the
      // machine.
      await sleep(500)
    }
    if (rate > 0) members.push(start({ ...task, enqueuesPerSecond: rate }))
    await untilConnected(name, count)
    await sleep(settleMs + reportMs)
    const before = await countTransactions(name)
    await sleep(windowMs)
    const after = await countTransactions(name)
    await Promise.all(members.map((member) => processes.stop(member)))
    const perSecond = (after - before) / (windowMs / 1_000)
    notify(`${perSecond.toFixed(2)} transactions/s`)
    return perSecond
  }

  async function countTransactions(name: string): Promise<number> {
    const [row] = await query<{ count: number }>(
      postgres.url,
      `select (xact_commit + xact_rollback)::float8 as count from pg_stat_database where datname = '${name}'`,
    )
    return row!.count
  }

  async function untilConnected(name: string, count: number): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      const [row] = await query<{ count: number }>(
        postgres.url,
        `select count(*)::int as count from pg_stat_activity where datname = '${name}' and application_name = 'holdfast (heartbeat)'`,
      )
      if (row!.count >= count) return
      await sleep(200)
    }
    throw new Error(`${count} workers did not start.`)
  }

  // The figures of a database without workers: autovacuum runs transactions in it too.
  const unused = await measure(0, 0)
  const alone = await measure(0, enqueuesPerSecond)
  const rows: string[][] = []
  for (const count of workers) {
    const quiet = Math.max(0, (await measure(count, 0)) - unused)
    const beside = await measure(count, enqueuesPerSecond)
    rows.push([
      String(count),
      quiet.toFixed(1),
      (quiet / count).toFixed(2),
      Math.max(0, beside - alone).toFixed(1),
    ])
  }
  return {
    title: `Transactions per second of idle workers with ${consumers} consumers`,
    columns: [
      { heading: 'workers', isFigure: true },
      { heading: 'idle', isFigure: true },
      { heading: 'for each worker', isFigure: true },
      { heading: `with ${enqueuesPerSecond} unrelated enqueues per second`, isFigure: true },
    ],
    rows,
    note: `The last column excludes the transactions of the process that enqueues (${alone.toFixed(1)} per second without workers). The other columns exclude the transactions of an unused database (${unused.toFixed(1)} per second).`,
  }
}

async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

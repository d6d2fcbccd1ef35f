import { join } from 'node:path'
import { startTestPostgres } from 'holdfast/testing'
import pg from 'pg'
import type { Bench, Benchmark, Table } from '../benchmark.ts'
import { productionEnv } from '../production-env.ts'
import { firstAnswer } from '../first-answer.ts'
import { freePort } from '../free-port.ts'
import { interleave } from '../interleave.ts'
import { median, medianRatio } from '../median.ts'
import { load, type Throughput } from './load.ts'
import { findRedis, startRedis } from './redis.ts'
import { type Participant, type RedisKind, type Task, tasks } from './tasks.ts'

interface Server {
  readonly pid: number
  readonly port: number
}

type Figures = ReadonlyMap<Participant, readonly Throughput[]>

/** The cost of a JSON route, of reading one row, and of a mutation. */
export const httpBenchmark: Benchmark = async (bench) => {
  const postgres = await startTestPostgres()
  bench.atEnd(() => postgres.stop())
  await prepare(postgres.url)
  const redisProgram = await findRedis(bench)
  const redis = new Map<RedisKind, number>()
  if (redisProgram !== undefined) {
    for (const kind of ['volatile', 'durable'] as const)
      redis.set(kind, await startRedis(redisProgram, kind, bench))
  }
  const servers = new Map<string, Server>()
  const tables: Table[] = []
  for (const task of tasks) {
    bench.notify(task.name)
    const present = task.participants.filter((participant) => participant.redis === undefined || redisProgram)
    for (const participant of present) {
      const key = serverKey(participant)
      if (servers.has(key)) continue
      const stores = { DATABASE_URL: postgres.url, REDIS_PORT: String(redis.get(participant.redis!)) }
      servers.set(key, await startServer(participant, stores, bench))
    }
    const figures = await interleave(present, bench, (participant) =>
      load(bench.processes, { ...servers.get(serverKey(participant))!, ...task, seconds: bench.seconds }),
    )
    tables.push(toTable(task, figures))
  }
  return tables
}

/**
 * Returns a key that is the same for participants that can share a server: they differ only in
 * their names.
 */
function serverKey({ server, env, redis }: Participant): string {
  return JSON.stringify({ server, env, redis })
}

async function startServer(
  { server, env }: Participant,
  stores: Readonly<Record<string, string>>,
  { processes }: Bench,
): Promise<Server> {
  const port = await freePort()
  const child = processes.start([process.execPath, join(import.meta.dirname, 'servers', `${server}.ts`)], {
    core: 0,
    env: { ...productionEnv, PORT: String(port), ...stores, ...env },
  })
  await firstAnswer(child, `http://127.0.0.1:${port}/hello`)
  return { pid: child.pid!, port }
}

async function prepare(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    create table accounts (id int primary key, name text not null, balance int not null);
    insert into accounts select n, 'account ' || n, 0 from generate_series(1, 1000) as n;
    create table transfers (id int generated always as identity primary key, account int not null, amount int not null)`)
  await client.end()
}

function toTable({ name, isMutation = false, participants }: Task, figures: Figures): Table {
  const base = (figures.get(participants[0]!) ?? []).map(({ perSecond }) => perSecond)
  return {
    title: name,
    columns: [
      { heading: 'server' },
      ...(isMutation ? [{ heading: 'what it promises' }] : []),
      { heading: 'requests/s', isFigure: true },
      { heading: 'of node:http', isFigure: true },
      { heading: 'p99 ms', isFigure: true },
      { heading: 'its CPU per request µs', isFigure: true },
    ],
    rows: participants.map((participant) => [
      participant.name,
      ...(isMutation ? [participant.promises ?? ''] : []),
      ...toCells(figures.get(participant), base),
    ]),
  }
}

function toCells(figures: readonly Throughput[] | undefined, base: readonly number[]): readonly string[] {
  if (figures === undefined) return ['missing: no Redis', '', '', '']
  const perSecond = figures.map((figure) => figure.perSecond)
  return [
    median(perSecond).toFixed(0),
    medianRatio(perSecond, base).toFixed(2),
    median(figures.map(({ p99Ms }) => p99Ms)).toFixed(0),
    median(figures.map(({ cpuMicroseconds }) => cpuMicroseconds)).toFixed(0),
  ]
}

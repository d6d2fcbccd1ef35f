import { startTestPostgres } from 'holdfast/testing'
import pg from 'pg'
import type { Bench } from '../benchmark.ts'
import { startCollector } from './collector.ts'
import type { RedisKind } from './participants.ts'
import { findRedis, startRedis } from './redis.ts'
import type { Backends } from './start-server.ts'

/** Starts everything that the servers may use. It stops at the end of the run. */
export async function startBackends(bench: Bench): Promise<Backends> {
  const urls = await startPostgres(bench)
  const redisProgram = await findRedis(bench)
  const redisPorts = new Map<RedisKind, number>()
  if (redisProgram !== undefined) {
    for (const kind of ['volatile', 'durable'] as const)
      redisPorts.set(kind, await startRedis(redisProgram, kind, bench))
  }
  const collector = await startCollector()
  bench.atEnd(() => collector.stop())
  return { ...urls, redisPorts, collector: collector.endpoint }
}

/** Starts Postgres with the tables of the servers. It stops at the end of the run. */
export async function startPostgres(bench: Bench): Promise<Pick<Backends, 'postgresUrl' | 'socketUrl'>> {
  const postgres = await startTestPostgres()
  bench.atEnd(() => postgres.stop())
  await prepare(postgres.url)
  return { postgresUrl: postgres.tcpUrl, socketUrl: postgres.url }
}

async function prepare(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    create table accounts (id int primary key, name text not null, balance int not null);
    insert into accounts select n, 'account ' || n, 0 from generate_series(1, 1000) as n;
    create table transfers (id int generated always as identity primary key, account int not null, amount int not null);
    create table receipts (transfer int not null)`)
  await client.end()
}

import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { anyone, createLogger, holdfast, type RunningService, systemClock } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { startTestPostgres } from 'holdfast/testing'
import pg from 'pg'
import type { Bench, Table } from '../benchmark.ts'
import { median } from '../median.ts'

const leafCount = 8
const sizes = (process.env['KEYS'] ?? '1000000,5000000').split(',').map(Number)
const readsPerRound = 300

/** Durations with one number of stored keys, in milliseconds. */
interface KeyFigures {
  readonly idlePass: number
  readonly truncation: number
  readonly dated: number
  readonly opaque: number
  readonly slowestBesidePass: number
}

/** Measures the pruning and the lookup of keys, by the number of stored keys. */
export async function keysAtScale(bench: Bench): Promise<Table> {
  const server = await startTestPostgres()
  bench.atEnd(() => server.stop())
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  bench.atEnd(() => client.end())
  const running = await start(server.tcpUrl)
  bench.atEnd(() => running.stop())
  const rows: (readonly string[])[] = []
  for (const size of sizes) {
    bench.notify(`${size} keys`)
    const rounds: KeyFigures[] = []
    for (let round = 0; round <= bench.rounds; round += 1) {
      // The tables are filled, pruned and refilled, so that they are in a steady state.
      await fill(client, size)
      const figures = await measure(client, running)
      if (round > 0) rounds.push(figures)
    }
    const of = (figure: keyof KeyFigures): string => median(rounds.map((one) => one[figure])).toFixed(2)
    rows.push([
      size.toLocaleString('en'),
      of('idlePass'),
      of('truncation'),
      of('dated'),
      of('opaque'),
      of('slowestBesidePass'),
    ])
  }
  return {
    title: 'Milliseconds, by number of stored keys',
    columns: [
      { heading: 'keys' },
      { heading: 'pass, nothing due', isFigure: true },
      { heading: 'pass, one leaf due', isFigure: true },
      { heading: 'mutation, UUIDv7 key', isFigure: true },
      { heading: 'mutation, other key', isFigure: true },
      { heading: 'slowest mutation during a pass', isFigure: true },
    ],
    rows,
    note: `A pass truncates one of ${leafCount} tables, with a seventh of all keys. Medians of ${bench.rounds} rounds.`,
  }
}

function start(url: string): Promise<RunningService> {
  const { mutation, service } = holdfast({ database: postgres() })
  const add = mutation({
    route: 'POST /numbers',
    access: anyone('a benchmark'),
    run: async ({ db }) => void (await db.query(sql`select 1`)),
  })
  return service({ name: 'numbers', operations: { add } }).start({
    env: { ...process.env, DATABASE_URL: url },
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: (line) => console.error(line) }),
    notify: () => {},
  })
}

/**
 * Fills all leaves except the next one due, so that they contain `size` keys. Vacuums them and
 * writes a checkpoint: a real server would have done both before the leaves were full.
 */
async function fill(client: pg.Client, size: number): Promise<void> {
  const due = await dueLeaf(client)
  for (let leaf = 0; leaf < leafCount; leaf += 1) {
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::int as count from holdfast.idempotency_keys_${leaf}`,
    )
    const missing = Math.floor(size / (leafCount - 1)) - rows[0]!.count
    if (leaf === due || missing <= 0) continue
    await client.query(
      `insert into holdfast.idempotency_keys_${leaf} (id, service, scope, key, fingerprint, status, headers, body)
       select gen_random_uuid(), 'numbers', '', gen_random_uuid()::text, sha256(n::text::bytea), 201, '{}', '{"id":1}'
       from generate_series(1, $1::int) as n`,
      [missing],
    )
    await client.query(`vacuum (analyze) holdfast.idempotency_keys_${leaf}`)
  }
  await client.query('checkpoint')
}

async function dueLeaf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ leaf: number }>(
    `select (floor(extract(epoch from now()) * 1000 / width_ms)::int + 1) % ${leafCount} as leaf
     from holdfast.idempotency_ring`,
  )
  return rows[0]!.leaf
}

async function measure(client: pg.Client, running: RunningService): Promise<KeyFigures> {
  const due = await dueLeaf(client)
  const dated = await mutate(running, randomUUIDv7)
  const opaque = await mutate(running, randomUUID)
  const idlePass = await timed(() => pass(client, due))
  // The oldest leaf, which is pruned as if it were due.
  const oldest = (due + 1) % leafCount
  const beside = mutate(running, randomUUIDv7)
  const truncation = await timed(() => pass(client, oldest))
  return {
    idlePass,
    truncation,
    dated: median(dated),
    opaque: median(opaque),
    slowestBesidePass: Math.max(...(await beside)),
  }
}

/**
 * Runs the statements of a pass. If a lock is not free in time, runs them again, as a service does
 * in its next pass. Autovacuum holds such a lock while it processes the table just filled.
 */
async function pass(client: pg.Client, leaf: number): Promise<void> {
  for (;;) {
    try {
      await tryPass(client, leaf)
      return
    } catch (error) {
      await client.query('rollback')
      if (!(error instanceof pg.DatabaseError) || error.code !== '55P03') throw error
    }
  }
}

async function tryPass(client: pg.Client, leaf: number): Promise<void> {
  const table = `holdfast.idempotency_keys_${leaf}`
  await client.query('begin')
  const { rows } = await client.query<{ used: boolean }>(
    'select pg_relation_size($1::regclass) > 0 as used from holdfast.idempotency_ring for share',
    [table],
  )
  if (rows[0]!.used) {
    await client.query(`set local lock_timeout = 50`)
    await client.query(`truncate ${table}`)
  }
  await client.query('commit')
}

async function mutate(running: RunningService, makeKey: () => string): Promise<readonly number[]> {
  const durations: number[] = []
  for (let n = 0; n < readsPerRound; n += 1) {
    const key = makeKey()
    const ms = await timed(async () => {
      const { status, body } = await running.call({
        operation: 'add',
        input: { path: {}, query: {}, body: undefined },
        header: (name) => (name === 'idempotency-key' ? key : undefined),
      })
      if (status >= 300) throw new Error(`A mutation got a ${status}: ${body}`)
    })
    durations.push(ms)
  }
  return durations
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

import { randomUUID } from 'node:crypto'
import { holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { ClaimBounds } from './claim/claim-bounds.ts'
import { claimJobs } from './queries/claim.ts'
import { pruneJobs } from './queries/prune-jobs.ts'

// Checks how much data statements read while an old snapshot keeps dead rows. The tests in
// databases/assembly/plans check the plans of all statements.

const { service } = holdfast({ database: postgres() })

let on: TestService<Record<string, never>>
let client: pg.Client
beforeAll(async () => {
  on = await createTestService(service({ name: 'plans', operations: {} }), { worker: false })
  client = new DriverClient({ connectionString: on.databaseUrl })
  await client.connect()
  await client.query('alter table holdfast.jobs set (autovacuum_enabled = false)')
  await client.query('alter table holdfast.ended_jobs set (autovacuum_enabled = false)')
})
afterAll(async () => {
  await client.end()
  await on.stop()
})

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly Plan[]
}

async function explain(statement: Statement): Promise<Plan> {
  const text = `explain (analyze, buffers, format json) ${statement.text}`
  const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Plan }] }>({
    text,
    values: [...(statement.values ?? [])],
  })
  return rows[0]!['QUERY PLAN'][0].Plan
}

const flatten = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)]

/** Returns how a plan reads a table: through which indexes, or by which other scan types. */
function readsOf(plan: Plan, table: string): readonly string[] {
  return flatten(plan)
    .filter((node) => node['Relation Name'] === table && node['Node Type'] !== 'ModifyTable')
    .map(({ Plans = [], ...node }) =>
      node['Node Type'] === 'Bitmap Heap Scan' ? Plans[0]?.['Index Name'] : node['Index Name'],
    )
    .map((index) => index ?? 'no index')
}

const worker = randomUUID()

const blocksOf = (plan: Plan): number => (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0)

/** Returns the number of blocks read by a claim of ten jobs. The claim is rolled back. */
async function blocksOfClaim(bounds: ClaimBounds, nowMs: number, reserved = 0): Promise<number> {
  const segments = bounds.segments(['work'], nowMs)
  const claim = claimJobs(worker, { service: 'plans', segments, room: 10, reserved, busy: [] })
  await client.query('begin')
  const plan = await explain(claim)
  await client.query('rollback')
  // Postgres may scan a table with a few rows sequentially.
  expect(readsOf(plan, 'jobs')).toContain('jobs_ready')
  return blocksOf(plan)
}

test('a claim does not read earlier claims while an old snapshot prevents vacuuming', async () => {
  const old = new DriverClient({ connectionString: on.databaseUrl })
  await old.connect()
  try {
    await old.query('begin isolation level repeatable read')
    await old.query('select from holdfast.jobs limit 1')
    const insert = `insert into holdfast.jobs (service, id, name, input, state)
      select 'plans', gen_random_uuid(), 'work', '{}', 'ready' from generate_series(1, $1::int)`
    await client.query(insert, [10])
    const fresh = await blocksOfClaim(new ClaimBounds({ names: ['work'], hasShares: false }), 0)
    await client.query(insert, [20_000])
    const { rows } = await client.query<{ last: number }>('select max(seq)::int as last from holdfast.jobs')
    await client.query('delete from holdfast.jobs')
    await client.query(insert, [10])
    const bounds = new ClaimBounds({ names: ['work'], hasShares: false })
    bounds.claimed([{ name: 'work', priority: 0, seq: rows[0]!.last }], 0)
    // The first claim is a sweep, which reads as much as a claim without bounds would.
    expect(await blocksOfClaim(bounds, 5_000)).toBeGreaterThan(3 * fresh)
    expect(await blocksOfClaim(bounds, 5_001)).toBeLessThan(2 * fresh)
    expect(await blocksOfClaim(bounds, 5_002, 1)).toBeLessThan(2 * fresh)
  } finally {
    await old.query('rollback')
    await old.end()
  }
})

test('pruning does not read already pruned rows while an old snapshot prevents vacuuming', async () => {
  const old = new DriverClient({ connectionString: on.databaseUrl })
  await old.connect()
  try {
    await old.query('begin isolation level repeatable read')
    await old.query('select from holdfast.ended_jobs limit 1')
    const insert = `
      insert into holdfast.ended_jobs (
        service, id, name, seq, input, state, priority, run_at, claim, failures, snoozes, keeps_key, is_cancelled, enqueued_at,
        expires_at
      )
      select 'plans', gen_random_uuid(), 'work', n, '{}', 'succeeded', 0, now(), 1, 0, 0, false, false, now(),
        now() - interval '1 day' + make_interval(secs => n / 1000.0)
      from generate_series($1::int, $2::int) as n`
    const blocks = async (after: Date | undefined): Promise<number> => {
      await client.query('begin')
      const plan = await explain(pruneJobs({ service: 'plans', after, limit: 10 }))
      await client.query('rollback')
      return blocksOf(plan)
    }
    await client.query(insert, [1, 10])
    const fresh = await blocks(undefined)
    await client.query(insert, [11, 20_000])
    const { rows } = await client.query<{ last: Date }>(
      'select max(expires_at) as last from holdfast.ended_jobs',
    )
    await client.query('delete from holdfast.ended_jobs')
    await client.query(insert, [20_001, 20_010])
    expect(await blocks(undefined)).toBeGreaterThan(3 * fresh)
    expect(await blocks(rows[0]!.last)).toBeLessThan(2 * fresh)
  } finally {
    await old.query('rollback')
    await old.end()
  }
})

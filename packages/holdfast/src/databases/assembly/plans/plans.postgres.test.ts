import { holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DriverClient } from '../../../storage/postgres/session/driver-client.ts'
import {
  filesWithOtherStatements,
  type PlannedStatement,
  readStatements,
  type Uncovered,
} from './framework-statements.fixture.ts'
import {
  emptyTables,
  fillTables,
  hostileSize,
  type Population,
  stopAutovacuum,
} from './hostile-tables.fixture.ts'
import { faultsOf, type PlanKind, prepare } from './read-plan.fixture.ts'

// Reads the plans of all statements of the framework while the statistics are wrong. In production,
// they are wrong for at least a minute after a burst, until autovacuum corrects them. A statement
// must neither scan a large table nor read many rows through an index only to discard them.

const { service } = holdfast({ database: postgres() })

let on: TestService<Record<string, never>>
let client: pg.Client
let statements: readonly PlannedStatement[]
let uncovered: Uncovered
/** The statements that are allowed to read a whole table, but have not done so in this test yet. */
const unneeded = new Set<string>()

beforeAll(async () => {
  ;({ statements, uncovered } = await readStatements())
  on = await createTestService(service({ name: 'plans', operations: {} }), { worker: false })
  client = new DriverClient({ connectionString: on.databaseUrl })
  await client.connect()
  await stopAutovacuum(client)
  for (const [n, statement] of statements.entries()) {
    await prepare(client, statement, n)
    if (statement.readsAll ?? statement.readsAllUnanalyzed) unneeded.add(statement.name)
  }
})
afterAll(async () => {
  await client.end()
  await on.stop()
})

test('every function that returns a statement is called here', () => {
  expect(uncovered).toEqual({ functions: [], calls: [] })
})

test('the statements in other files read only small tables', async () => {
  expect(await filesWithOtherStatements()).toEqual([
    // These files read small tables: the migration journal, the database's location, and the
    // signing keys.
    'databases/assembly/check-database.ts',
    'databases/assembly/recognize-database.ts',
    'storage/pages/signing-keys.ts',
  ])
})

const planKinds: readonly PlanKind[] = ['custom', 'generic']

/** Returns a description of each plan that reads more rows than allowed. */
async function faults(isAnalyzed: boolean): Promise<readonly string[]> {
  const found: string[] = []
  for (const kind of planKinds) {
    for (const [n, statement] of statements.entries()) {
      const own = await faultsOf(client, statement, { n, kind })
      if (own.length === 0) continue
      const reason = statement.readsAll ?? (isAnalyzed ? undefined : statement.readsAllUnanalyzed)
      if (reason === undefined) found.push(`${statement.name}, ${kind} plan: ${own.join(', ')}`)
      else unneeded.delete(statement.name)
    }
  }
  return found
}

async function become(population: Population): Promise<void> {
  await emptyTables(client)
  await fillTables(client, population, [1, hostileSize])
}

const analyze = (): Promise<unknown> => client.query('analyze')

test('no statement reads most of a table that was never analyzed', async () => {
  await become('busy')
  expect(await faults(false)).toEqual([])
  await become('quiet')
  expect(await faults(false)).toEqual([])
})

test('no statement reads most of a table whose statistics are correct', async () => {
  for (const population of ['quiet', 'busy'] as const) {
    await become(population)
    await analyze()
    expect(await faults(true), population).toEqual([])
  }
})

test('no statement reads most of a table that has changed since it was analyzed', async () => {
  for (const [before, now] of [
    ['quiet', 'busy'],
    ['busy', 'quiet'],
  ] as const) {
    await become(before)
    await analyze()
    await become(now)
    expect(await faults(true), `${now}, analyzed while ${before}`).toEqual([])
  }
})

test('each exception is needed', () => {
  expect([...unneeded]).toEqual([])
})

import pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { watchBlockers } from './blockers.ts'
import type { MigrationEvent } from './event.ts'
import { type PendingMigration, writeJournal } from './journal.ts'
import { type ParsedStatement, parseStatements } from './parse-statements.ts'
import { pointAt } from './point-at.ts'

/** What migrations are applied with. */
export interface Application {
  /** Applies them; holds the migration lock. */
  readonly client: pg.ClientBase
  /** Sees who is in the way. */
  readonly observer: pg.ClientBase
  /** How long a statement waits for its lock, with all traffic behind it, before it lets that traffic through. */
  readonly lockTimeoutMs: number
  /** How long one migration may go on trying to get its locks. */
  readonly retryMs: number
  readonly notify: (event: MigrationEvent) => void
}

const noTransaction = /^\s*--\s*holdfast:\s*no transaction\s*$/m
const leastPauseMs = 50
const longestPauseMs = 1_000

/**
 * Applies one migration together with its row in the journal. Where it does not get its locks in time it is rolled back and tried
 * again, so that a long transaction of somebody else does not stop all traffic on the table.
 *
 * @throws HoldfastError `migration-failed` with the place and Postgres' own words, `migration-blocked` with who was in the way,
 * `migration-ends-transaction` for one that would commit by itself.
 */
export async function applyMigration(migration: PendingMigration, application: Application): Promise<number> {
  const statements = await parseStatements(migration)
  const runsAlone = noTransaction.test(migration.sql.split('\n', 1)[0] ?? '')
  refuseTransactionControl(migration, statements)
  if (runsAlone && statements.length !== 1) throw notAlone(migration, statements.length)
  const startMs = performance.now()
  for (let attempt = 1; ; attempt += 1) {
    const { rows } = await application.client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const watch = watchBlockers(application.observer, rows[0]!.pid)
    try {
      const run = runsAlone ? runOutside : runInTransaction
      await run(migration, statements, { application, startMs })
      return performance.now() - startMs
    } catch (error) {
      const blockers = await watch.end()
      if (!isLockTimeout(error)) throw error
      if (performance.now() - startMs > application.retryMs) throw blocked(migration, blockers, error)
      application.notify({ kind: 'blocked', owner: migration.owner, name: migration.name, blockers })
      const pauseMs = leastPauseMs + Math.random() * Math.min(longestPauseMs, leastPauseMs * 2 ** attempt)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    } finally {
      await watch.end()
    }
  }
}

interface Run {
  readonly application: Application
  readonly startMs: number
}

async function runInTransaction(
  migration: PendingMigration,
  statements: readonly ParsedStatement[],
  { application, startMs }: Run,
): Promise<void> {
  const { client, lockTimeoutMs } = application
  await client.query('begin')
  try {
    await client.query({
      text: `select set_config('lock_timeout', $1, true)`,
      values: [String(lockTimeoutMs)],
    })
    for (const statement of statements) await runStatement(client, migration, statement)
    await writeJournal(client, migration, performance.now() - startMs)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/** Runs the one statement of a migration that cannot be in a transaction; its row in the journal follows by itself. */
async function runOutside(
  migration: PendingMigration,
  statements: readonly ParsedStatement[],
  { application, startMs }: Run,
): Promise<void> {
  const { client, lockTimeoutMs } = application
  await client.query({
    text: `select set_config('lock_timeout', $1, false)`,
    values: [String(lockTimeoutMs)],
  })
  try {
    for (const statement of statements) await runStatement(client, migration, statement)
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    throw new HoldfastError(
      error.code,
      `${error.message}\nIt ran outside of a transaction and may have left something half made, such as an invalid index: look, remove it, and start again.`,
      { cause: error.cause },
    )
  } finally {
    await client.query('reset lock_timeout')
  }
  await writeJournal(client, migration, performance.now() - startMs)
}

async function runStatement(
  client: pg.ClientBase,
  migration: PendingMigration,
  statement: ParsedStatement,
): Promise<void> {
  try {
    await client.query(statement.text)
  } catch (cause) {
    if (!(cause instanceof pg.DatabaseError) || isLockTimeout(cause)) throw cause
    const position = statement.offset + (cause.position === undefined ? 0 : Number(cause.position) - 1)
    const more = [cause.detail && `Detail: ${cause.detail}`, cause.hint && `Hint: ${cause.hint}`].filter(
      Boolean,
    )
    throw new HoldfastError(
      'migration-failed',
      [
        `The migration ${migration.owner}/${migration.name} failed: ${cause.message} (SQLSTATE ${cause.code})`,
        pointAt(migration.sql, position),
        ...more,
      ].join('\n'),
      { cause },
    )
  }
}

function refuseTransactionControl(migration: PendingMigration, statements: readonly ParsedStatement[]): void {
  const first = statements.find(({ controlsTransaction }) => controlsTransaction)
  if (!first) return
  throw new HoldfastError(
    'migration-ends-transaction',
    `The migration ${migration.owner}/${migration.name} begins or ends a transaction by itself. It runs in one already, together with its row in the journal; take the statement out.\n${pointAt(migration.sql, first.offset)}`,
  )
}

function notAlone(migration: PendingMigration, count: number): HoldfastError {
  return new HoldfastError(
    'migration-failed',
    `The migration ${migration.owner}/${migration.name} runs outside of a transaction and has ${count} statements. It may have one, so that what failed is never half done; put the others into migrations of their own.`,
  )
}

function blocked(migration: PendingMigration, blockers: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'migration-blocked',
    `The migration ${migration.owner}/${migration.name} did not get its locks. In the way: ${blockers}. End that transaction, and start again; nothing of the migration was kept.`,
    { cause },
  )
}

/** SQLSTATE lock_not_available. */
function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03'
}

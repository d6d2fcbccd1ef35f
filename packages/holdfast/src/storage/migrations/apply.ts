import pg from 'pg'
import { fullJitterMs } from '../../kernel/base/backoff.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { pause } from '../../kernel/base/wait.ts'
import { watchBlockers } from './blockers.ts'
import type { MigrationEvent } from './event.ts'
import { type PendingMigration, wasBegun } from './journal.ts'
import { type ParsedStatement, parseStatements } from './parse-statements.ts'
import { pointAt } from './point-at.ts'
import type { Recovery } from './recovery.ts'
import { recoveryOf, unknownRecovery } from './recovery-of.ts'
import { type Run, runInTransaction } from './run-in-transaction.ts'
import { clearUp, type OutsideStatement, runOutside } from './run-outside.ts'
import { isBlocked, isTransactionUnwanted } from './run-statement.ts'

/** Dependencies of {@link applyMigration}. */
export interface Application {
  /** The session that applies migrations and holds the migration lock. */
  readonly client: pg.ClientBase
  /** The session that looks for blocking sessions. */
  readonly observer: pg.ClientBase
  /**
   * Lock timeout of a statement, in milliseconds. While a statement waits for a lock, all other
   * statements on the table queue behind it.
   */
  readonly lockTimeoutMs: number
  /** Max time for all attempts to get the locks of one migration, in milliseconds. */
  readonly retryMs: number
  readonly notify: (event: MigrationEvent) => void
}

const noTransaction = /^\s*--\s*holdfast:\s*no transaction\s*$/
const minPauseMs = 50
const pauses = { firstMs: 100, maxMs: 1_000 }

/**
 * Applies one migration together with its row in the journal, and returns the duration in
 * milliseconds. If the migration does not get its locks in time, it is rolled back and attempted
 * again, so that a long transaction on a table cannot make the migration block all other statements
 * on that table.
 *
 * @throws HoldfastError `migration-failed` with the position and the message of Postgres;
 * `migration-blocked` with the blocking sessions; `migration-ends-transaction` if the migration
 * contains transaction control.
 */
export async function applyMigration(migration: PendingMigration, application: Application): Promise<number> {
  const statements = await parseStatements(migration)
  rejectTransactionControl(migration, statements)
  const startMs = performance.now()
  if (noTransaction.test(migration.sql.split('\n', 1)[0] ?? '')) {
    await applyAlone(migration, onlyOne(migration, statements), application)
  } else {
    await applyInTransaction(migration, statements, application)
  }
  return performance.now() - startMs
}

function applyInTransaction(
  migration: PendingMigration,
  statements: readonly ParsedStatement[],
  application: Application,
): Promise<void> {
  return untilUnblocked(migration, application, {
    waitsAlone: false,
    attempt: (run) => runInTransaction(migration, statements, run),
  })
}

/**
 * Applies a migration marked to run without a transaction. If its statement can run in a
 * transaction, the statement and the row in the journal are committed in one transaction.
 */
async function applyAlone(
  migration: PendingMigration,
  statement: ParsedStatement,
  application: Application,
): Promise<void> {
  const recovery = recoveryOf(migration, statement)
  if (recovery) return applyOutside(migration, { statement, recovery }, application)
  try {
    return await applyInTransaction(migration, [statement], application)
  } catch (error) {
    if (!(error instanceof HoldfastError && isTransactionUnwanted(error.cause))) throw error
    return applyOutside(migration, { statement, recovery: unknownRecovery }, application)
  }
}

async function applyOutside(
  migration: PendingMigration,
  outside: OutsideStatement,
  application: Application,
): Promise<void> {
  const { client, lockTimeoutMs, notify } = application
  const { owner, name } = migration
  if (await wasBegun(client, migration)) notify({ kind: 'begun-before', owner, name })
  try {
    await untilUnblocked(migration, application, {
      waitsAlone: outside.recovery.waitsAlone,
      attempt: (run) => runOutside(migration, outside, run),
    })
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error
    const left = await clearUp(migration, outside.recovery, { client, lockTimeoutMs })
    throw new HoldfastError(error.code, `${error.message}\n${left}`, { cause: error.cause })
  }
}

interface Attempts {
  readonly attempt: (run: Run) => Promise<void>
  readonly waitsAlone: Recovery['waitsAlone']
}

async function untilUnblocked(
  migration: PendingMigration,
  { client, observer, lockTimeoutMs, retryMs, notify }: Application,
  { attempt, waitsAlone }: Attempts,
): Promise<void> {
  const { owner, name } = migration
  const startMs = performance.now()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  for (let number = 1; ; number += 1) {
    const leftMs = Math.ceil(retryMs - (performance.now() - startMs))
    const watch = watchBlockers(observer, {
      pid: rows[0]!.pid,
      reportAfterMs: lockTimeoutMs,
      report: (blockers) => {
        if (waitsAlone) notify({ kind: 'delayed', owner, name, blockers })
      },
    })
    try {
      return await attempt({
        client,
        startMs,
        lockTimeoutMs: waitsAlone ? Math.max(lockTimeoutMs, leftMs) : lockTimeoutMs,
      })
    } catch (error) {
      const blockers = await watch.end()
      if (!isBlocked(error)) throw explained(migration, error)
      if (performance.now() - startMs > retryMs) throw blocked(migration, blockers, error)
      notify({ kind: 'blocked', owner, name, blockers })
      const pauseMs = minPauseMs + fullJitterMs(pauses, number)
      await pause(pauseMs)
    } finally {
      await watch.end()
    }
  }
}

/**
 * Returns the error for a failure outside the file's statements: a deferred constraint failed, the
 * row in the journal could not be written, or the cleanup failed.
 */
function explained(migration: PendingMigration, error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error
  return new HoldfastError(
    'migration-failed',
    `The migration ${migration.owner}/${migration.name} failed: ${error.message} (SQLSTATE ${error.code})${error.detail === undefined ? '' : `\nDetail: ${error.detail}`}`,
    { cause: error },
  )
}

function rejectTransactionControl(migration: PendingMigration, statements: readonly ParsedStatement[]): void {
  const first = statements.find(({ controlsTransaction }) => controlsTransaction)
  if (!first) return
  throw new HoldfastError(
    'migration-ends-transaction',
    `The migration ${migration.owner}/${migration.name} begins or ends a transaction itself. It already runs in a transaction, together with its row in the journal; remove the statement.\n${pointAt(migration.sql, first.offset)}`,
  )
}

function onlyOne(migration: PendingMigration, statements: readonly ParsedStatement[]): ParsedStatement {
  const [statement] = statements
  if (statement && statements.length === 1) return statement
  throw new HoldfastError(
    'migration-failed',
    `The migration ${migration.owner}/${migration.name} runs without a transaction and has ${statements.length} statements. It must have exactly one, so that a failure cannot leave a part of the file applied; move the other statements to separate migrations.`,
  )
}

function blocked(migration: PendingMigration, blockers: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'migration-blocked',
    `The migration ${migration.owner}/${migration.name} did not get its locks. Blocked by: ${blockers}. End that transaction, or wait until it ends, and start again.`,
    { cause },
  )
}

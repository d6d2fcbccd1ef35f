import type pg from 'pg'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { beginStatement } from '../postgres/queries/begin-transaction.ts'
import { type PendingMigration, writeJournal } from './journal.ts'
import type { ParsedStatement } from './parse-statements.ts'
import { indexToMake } from './recover-index.ts'
import { runStatement } from './run-statement.ts'

/** The context of a migration attempt. */
export interface Run {
  readonly client: pg.ClientBase
  /** Lock timeout of a statement, in milliseconds. */
  readonly lockTimeoutMs: number
  /** Start of the first attempt, by `performance.now()`. */
  readonly startMs: number
}

/**
 * Runs a migration in one transaction with its row in the journal, so that it is applied completely
 * or not at all.
 *
 * This code does not use the framework's transactions: they take a session from a pool, but a
 * migration must run in the session that holds the migration lock. Only the wait for a lock is
 * limited; a statement that has its locks has no timeout.
 */
export async function runInTransaction(
  migration: PendingMigration,
  statements: readonly ParsedStatement[],
  { client, lockTimeoutMs, startMs }: Run,
): Promise<void> {
  await beginMigration(client)
  try {
    await limitLocks(client, lockTimeoutMs)
    for (const statement of statements) {
      await dropLeftoverIndex(client, statement)
      await runStatement(client, migration, statement)
      await checkIndex(client, migration, statement)
    }
    // Settings of the file must not affect the row in the journal: a role that the file has set may
    // lack the privilege to write the row. Deferred triggers run before the reset.
    await client.query('set constraints all immediate; reset role; reset session authorization; reset all')
    await limitLocks(client, lockTimeoutMs)
    await writeJournal(client, migration, performance.now() - startMs)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/**
 * Begins a transaction with a fixed isolation level, regardless of settings that earlier statements
 * changed.
 */
export async function beginMigration(client: pg.ClientBase): Promise<void> {
  await client.query(beginStatement('read committed').text)
}

async function limitLocks(client: pg.ClientBase, lockTimeoutMs: number): Promise<void> {
  await client.query({
    text: `select set_config('lock_timeout', $1, true)`,
    values: [String(lockTimeoutMs)],
  })
}

/**
 * Drops an invalid index that an earlier CREATE INDEX CONCURRENTLY left behind. Otherwise, CREATE
 * INDEX IF NOT EXISTS would mistake it for the requested index.
 */
async function dropLeftoverIndex(client: pg.ClientBase, { node }: ParsedStatement): Promise<void> {
  if (node === undefined || !('IndexStmt' in node) || node.IndexStmt.if_not_exists !== true) return
  await indexToMake(node.IndexStmt).dropLeftover(client, 'in the transaction')
}

async function checkIndex(
  client: pg.ClientBase,
  migration: PendingMigration,
  { node }: ParsedStatement,
): Promise<void> {
  if (node === undefined || !('IndexStmt' in node) || node.IndexStmt.if_not_exists !== true) return
  if ((await indexToMake(node.IndexStmt).look(client)) === 'done') return
  throw notTheIndex(migration, node.IndexStmt.idxname ?? '')
}

/**
 * Returns the error of a migration whose CREATE INDEX IF NOT EXISTS finds a different relation with
 * the index's name.
 */
export function notTheIndex(migration: PendingMigration, name: string): HoldfastError {
  return new HoldfastError(
    'migration-failed',
    `The migration ${migration.owner}/${migration.name} creates the index ${name} if it does not exist, but a different relation has this name: it belongs to another table, or is not unique. Rename or drop that relation, or rename the index in the migration, and start again.`,
  )
}

import type pg from 'pg'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { clearBegun, noteBegun, type PendingMigration, wasBegun, writeJournal } from './journal.ts'
import type { ParsedStatement } from './parse-statements.ts'
import type { Recovery } from './recovery.ts'
import { beginMigration, type Run, notTheIndex } from './run-in-transaction.ts'
import { runStatement } from './run-statement.ts'

/** A statement that cannot run in a transaction, with its recovery. */
export interface OutsideStatement {
  readonly statement: ParsedStatement
  readonly recovery: Recovery
}

/**
 * Runs a migration whose single statement cannot run in a transaction, then writes the migration's
 * row in the journal.
 *
 * Each attempt first reads the progress of an earlier attempt, and drops or completes its leftover.
 * After the statement, the attempt reads the progress again: a migration counts as applied only if
 * the database is in the state that the statement produces. The start is recorded before the
 * statement runs, so that after a crash between the statement and the row in the journal, a later
 * process can distinguish the statement's result from an object that existed before.
 */
export async function runOutside(
  migration: PendingMigration,
  { statement, recovery }: OutsideStatement,
  run: Run,
): Promise<void> {
  const { client, startMs } = run
  await setLockTimeout(client, run.lockTimeoutMs)
  if (!(await isDoneAlready(client, migration, recovery))) {
    await runStatement(client, migration, statement)
    await checkDone(client, migration, { statement, recovery })
  }
  await beginMigration(client)
  try {
    await writeJournal(client, migration, performance.now() - startMs)
    await clearBegun(client, migration)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/**
 * Recovers from an earlier attempt. Returns true if that attempt had completed the statement;
 * running it again would then fail.
 */
async function isDoneAlready(
  client: pg.ClientBase,
  migration: PendingMigration,
  recovery: Recovery,
): Promise<boolean> {
  let progress = await recovery.look(client)
  const isHalfDone = progress === 'half done'
  if (isHalfDone) {
    await recovery.recover(client)
    progress = await recovery.look(client)
  }
  if (progress === 'done') return isHalfDone || (await wasBegun(client, migration))
  await noteBegun(client, migration)
  return false
}

async function checkDone(
  client: pg.ClientBase,
  migration: PendingMigration,
  { statement, recovery }: OutsideStatement,
): Promise<void> {
  const progress = await recovery.look(client)
  if (progress === 'done' || (progress === 'to do' && recovery.isRepeatable)) return
  const { node } = statement
  if (progress === 'to do' && node && 'IndexStmt' in node) {
    throw notTheIndex(migration, node.IndexStmt.idxname ?? '')
  }
  throw new HoldfastError(
    'migration-failed',
    `The migration ${migration.owner}/${migration.name} ran, but left ${recovery.leftover ?? 'incomplete changes'}, because another session changed the same object at the same time. Start again: the next start cleans this up first.`,
  )
}

/**
 * Cleans up after the last attempt, and returns a description of the leftovers. An invalid unique
 * index would keep rejecting rows, and any invalid index would slow down writes.
 */
export async function clearUp(
  migration: PendingMigration,
  recovery: Recovery,
  { client, lockTimeoutMs }: Pick<Run, 'client' | 'lockTimeoutMs'>,
): Promise<string> {
  if (recovery.leftover === undefined) {
    await clearBegun(client, migration)
    return 'It ran outside of a transaction: committed changes are kept, and the next start runs it again from the beginning.'
  }
  try {
    await setLockTimeout(client, lockTimeoutMs)
    if ((await recovery.look(client)) === 'half done') await recovery.recover(client)
    // If the recovery completed the statement, the record of the migration's start is kept, so that
    // the next process knows that this migration ran the statement.
    if ((await recovery.look(client)) === 'to do') await clearBegun(client, migration)
    return 'It was rolled back completely.'
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `It left ${recovery.leftover}, which could not be cleaned up (${reason}). The next start cleans it up first.`
  }
}

async function setLockTimeout(client: pg.ClientBase, lockTimeoutMs: number): Promise<void> {
  await client.query({
    text: `select set_config('lock_timeout', $1, false)`,
    values: [String(lockTimeoutMs)],
  })
}

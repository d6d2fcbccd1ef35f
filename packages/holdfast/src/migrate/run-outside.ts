import type pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { clearBegun, noteBegun, type PendingMigration, wasBegun, writeJournal } from './journal.ts'
import type { ParsedStatement } from './parse-statements.ts'
import type { Recovery } from './recovery.ts'
import { type Run, notTheIndex } from './run-in-transaction.ts'
import { runStatement } from './run-statement.ts'

/** A statement that cannot be in a transaction, with what brings it to its end. */
export interface OutsideStatement {
  readonly statement: ParsedStatement
  readonly recovery: Recovery
}

/**
 * Runs the one statement of a migration that cannot be in a transaction; its row in the journal follows by itself.
 *
 * Each attempt looks first how far an earlier one got, drops or completes what that has left, and looks again afterwards: a migration
 * is applied only if the database is as its statement would leave it. Before it runs, it is noted as begun, so that a process that
 * comes after a crash between the statement and its row can tell what the statement has made from what was there before.
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
  await client.query('begin')
  try {
    await writeJournal(client, migration, performance.now() - startMs)
    await clearBegun(client, migration)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

/** Clears up before a statement, and returns true if an earlier attempt has done it: then the statement would fail. */
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
    `The migration ${migration.owner}/${migration.name} ran, and has left ${recovery.leftover ?? 'something half done'}. Something else changes the same at the same time. Start again: the next start clears that up first.`,
  )
}

/**
 * Clears up after the last attempt, and returns in words what is left. An invalid unique index would go on refusing rows, and any index
 * go on slowing down writes.
 */
export async function clearUp(
  migration: PendingMigration,
  recovery: Recovery,
  { client, lockTimeoutMs }: Pick<Run, 'client' | 'lockTimeoutMs'>,
): Promise<string> {
  if (recovery.leftover === undefined) {
    await clearBegun(client, migration)
    return 'It ran outside of a transaction: what it had committed is kept, and the next start runs it again from its beginning.'
  }
  try {
    await setLockTimeout(client, lockTimeoutMs)
    if ((await recovery.look(client)) === 'half done') await recovery.recover(client)
    // One that was completed is found as that by the next start, which has to know that it was this file that did it.
    if ((await recovery.look(client)) === 'to do') await clearBegun(client, migration)
    return 'Nothing of it was kept.'
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `It has left ${recovery.leftover}, which could not be cleared up (${reason}). The next start does that first.`
  }
}

async function setLockTimeout(client: pg.ClientBase, lockTimeoutMs: number): Promise<void> {
  await client.query({
    text: `select set_config('lock_timeout', $1, false)`,
    values: [String(lockTimeoutMs)],
  })
}

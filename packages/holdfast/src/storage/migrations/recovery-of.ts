import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { PendingMigration } from './journal.ts'
import type { ParsedStatement } from './parse-statements.ts'
import { pointAt } from './point-at.ts'
import { recoverCreateIndex, recoverDropIndex } from './recover-index.ts'
import { recoverDetach } from './recover-detach.ts'
import { recoverReindex } from './recover-reindex.ts'
import type { Recovery } from './recovery.ts'

/** The recovery of an unknown statement: the statement runs again after a failure or a crash. */
export const unknownRecovery: Recovery = {
  look: async () => 'to do',
  recover: async () => {},
  leftover: undefined,
  isRepeatable: true,
  waitsAlone: false,
}

/**
 * Returns the recovery of a statement that must run outside of a transaction; `undefined` if the
 * statement can run in a transaction. CALL and DO run outside of a transaction, since they may
 * contain COMMIT.
 *
 * @throws HoldfastError `migration-failed` for an index without a name, because its leftover could
 * not be found after a failure.
 */
export function recoveryOf(
  migration: PendingMigration,
  { node, offset }: ParsedStatement,
): Recovery | undefined {
  if (node === undefined) return undefined
  if ('CallStmt' in node || 'DoStmt' in node) return unknownRecovery
  if ('IndexStmt' in node && node.IndexStmt.concurrent === true) {
    if (node.IndexStmt.idxname === undefined) throw nameless(migration, offset)
    return recoverCreateIndex(node.IndexStmt)
  }
  if ('DropStmt' in node && node.DropStmt.concurrent === true) return recoverDropIndex(node.DropStmt)
  if ('ReindexStmt' in node) return recoverReindex(node.ReindexStmt)
  if ('AlterTableStmt' in node) return recoverDetach(node.AlterTableStmt)
  return undefined
}

function nameless({ owner, name, sql }: PendingMigration, offset: number): HoldfastError {
  return new HoldfastError(
    'migration-failed',
    `The migration ${owner}/${name} creates an index without a name. Name it, so that the remains of a failed attempt can be found.\n${pointAt(sql, offset)}`,
  )
}

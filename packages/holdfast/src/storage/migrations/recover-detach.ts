import type { AlterTableStmt, RangeVar } from 'libpg-query'
import type pg from 'pg'
import type { Progress, Recovery } from './recovery.ts'
import { relationName } from './relation-name.ts'

/**
 * Returns the recovery of DETACH PARTITION CONCURRENTLY; `undefined` for any other ALTER TABLE. If
 * the statement is interrupted, it leaves a pending detach, which FINALIZE completes.
 */
export function recoverDetach(statement: AlterTableStmt): Recovery | undefined {
  const partition = partitionOf(statement)
  if (partition === undefined) return undefined
  const names = [relationName(statement.relation), relationName(partition)]
  return {
    async look(client): Promise<Progress> {
      const { rows } = await client.query<{ isKnown: boolean; isPending: boolean | null }>({
        text: `
          select to_regclass($1) is not null and to_regclass($2) is not null as "isKnown", (
            select inhdetachpending from pg_inherits where inhparent = to_regclass($1) and inhrelid = to_regclass($2)
          ) as "isPending"`,
        values: names,
      })
      const { isKnown, isPending } = rows[0]!
      if (!isKnown || isPending === false) return 'to do'
      return isPending === null ? 'done' : 'half done'
    },
    recover: (client: pg.ClientBase) =>
      client.query(`alter table ${names[0]} detach partition ${names[1]} finalize`).then(() => {}),
    leftover: `the partition ${names[1]}, whose detachment is pending`,
    isRepeatable: false,
    // The last step of the statement takes an exclusive lock on the partition.
    waitsAlone: false,
  }
}

function partitionOf({ cmds = [] }: AlterTableStmt): RangeVar | undefined {
  for (const cmd of cmds) {
    if (!('AlterTableCmd' in cmd) || cmd.AlterTableCmd.subtype !== 'AT_DetachPartition') continue
    const { def } = cmd.AlterTableCmd
    if (def && 'PartitionCmd' in def && def.PartitionCmd.concurrent === true) return def.PartitionCmd.name
  }
  return undefined
}

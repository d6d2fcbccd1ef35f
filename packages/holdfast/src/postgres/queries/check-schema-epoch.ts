import type { Statement } from '../statement.ts'

/** Fails the transaction, as one that is worth running again, where a migration has been committed since `epoch` was read. */
export function checkSchemaEpoch(epoch: number): Statement {
  return {
    name: 'holdfast_check_schema_epoch',
    text: 'select holdfast.check_schema_epoch($1)',
    values: [epoch],
  }
}

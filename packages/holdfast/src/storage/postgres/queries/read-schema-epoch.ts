import type { Statement } from '../statement/statement.ts'

/** The row that {@link readSchemaEpoch} returns. */
export interface SchemaEpochRow {
  readonly epoch: number
}

/** The SQL expression for the database's schema epoch, for use in other statements. */
export const schemaEpoch = `pg_relation_filenode('holdfast.schema_epoch')`

/** Returns a statement that reads the schema epoch: a number that every migration changes. */
export function readSchemaEpoch(): Statement {
  return { name: 'holdfast_read_schema_epoch', text: `select ${schemaEpoch} as epoch` }
}

import type { Statement } from '../statement.ts'

/** What {@link readSchemaEpoch} finds. */
export interface SchemaEpochRow {
  readonly epoch: number
}

/** The expression of the database's schema epoch, for statements that read it beside something else. */
export const schemaEpoch = `pg_relation_filenode('holdfast.schema_epoch')`

/** Reads the schema epoch: a number that every migration changes. */
export function readSchemaEpoch(): Statement {
  return { name: 'holdfast_read_schema_epoch', text: `select ${schemaEpoch} as epoch` }
}

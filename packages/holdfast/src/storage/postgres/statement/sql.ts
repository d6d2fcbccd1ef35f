import type pg from 'pg'
import { type Sql } from 'sql-template-tag'
import type { Queryable } from '../session/connection.ts'

export { default as sql, empty, join, type Sql } from 'sql-template-tag'

/** A database queried with the `sql` template tag. */
export interface SqlDatabase {
  /**
   * Runs one statement and returns its rows: ``db.query<Account>(sql`select id, name from accounts
   * where id = ${id}`)``. Values in the template become parameters, never part of the statement's
   * text.
   */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Sql): Promise<Row[]>
}

/** Binds the `sql` tag to a {@link Queryable}. */
export function bindSql(queryable: Queryable): SqlDatabase {
  return {
    query<Row extends pg.QueryResultRow>(statement: Sql): Promise<Row[]> {
      const rows = rowsOf<Row>(queryable, statement)
      // A promise that is awaited late or never may be rejected when its call is cancelled. Such a
      // rejection must not end the process.
      rows.catch(() => {})
      return rows
    },
  }
}

async function rowsOf<Row extends pg.QueryResultRow>(queryable: Queryable, statement: Sql): Promise<Row[]> {
  const result = await queryable.query<Row>({ text: statement.text, values: statement.values })
  return result.rows
}

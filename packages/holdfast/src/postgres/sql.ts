import type pg from 'pg'
import { type Sql } from 'sql-template-tag'
import type { Queryable } from './connection.ts'

export { default as sql, empty, join, type Sql } from 'sql-template-tag'

/** A database that is asked in SQL. */
export interface SqlDatabase {
  /**
   * Runs one statement and gives its rows: ``db.query<Account>(sql`select id, name from accounts where id = ${id}`)``.
   * Values in the template are parameters, never text of the statement.
   */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(statement: Sql): Promise<Row[]>
}

/** Binds the `sql` tag to what runs statements. */
export function bindSql(queryable: Queryable): SqlDatabase {
  return {
    query<Row extends pg.QueryResultRow>(statement: Sql): Promise<Row[]> {
      const rows = rowsOf<Row>(queryable, statement)
      // One that is awaited later, or never, may be cancelled with its call: no reason to end the process.
      rows.catch(() => {})
      return rows
    },
  }
}

async function rowsOf<Row extends pg.QueryResultRow>(queryable: Queryable, statement: Sql): Promise<Row[]> {
  const result = await queryable.query<Row>({ text: statement.text, values: statement.values })
  return result.rows
}

import type pg from 'pg'
import { limitStatements } from '../queries/limit-statements.ts'
import type { Statement } from '../statement/statement.ts'
import type { DriverQuery } from './driver-query.ts'

/** A handler's read outside of a transaction. */
export interface AskedQuery {
  readonly query: DriverQuery
  readonly values: unknown[] | undefined
  /** Sets values, such as the tenant, only for the read's transaction. Default: none. */
  readonly scope?: Statement | undefined
}

/** The connection of a read behind a pooler. */
export interface PooledConnection {
  pipeline<T>(begin: () => T): T
  run(statement: Statement): Promise<pg.QueryResult>
  query<Row extends pg.QueryResultRow>(query: DriverQuery, values?: unknown[]): Promise<pg.QueryResult<Row>>
}

/**
 * Runs a handler's read behind a pooler, in one round trip. The read runs in a read-only
 * transaction with a statement timeout, because a pooler's sessions are neither read-only nor
 * limited.
 */
export async function readInTransaction<Row extends pg.QueryResultRow>(
  connection: PooledConnection,
  { query, values, scope }: AskedQuery,
  limitMs: number,
): Promise<pg.QueryResult<Row>> {
  const [begin, limit, scoped, result, end] = await connection.pipeline(() =>
    Promise.allSettled([
      connection.run({ text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY' }),
      connection.run(limitStatements(limitMs, 'transaction')),
      scope && connection.run(scope),
      connection.query<Row>(query, values),
      connection.run({ text: 'COMMIT' }),
    ]),
  )
  if (begin.status === 'rejected') throw begin.reason
  if (limit.status === 'rejected') throw limit.reason
  if (scoped.status === 'rejected') throw scoped.reason
  if (result.status === 'rejected') throw result.reason
  if (end.status === 'rejected') throw end.reason
  return result.value
}

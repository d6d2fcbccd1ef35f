import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Queryable } from '../../storage/postgres/session/connection.ts'

/**
 * Runs compiled Kysely statements in the session of a query. The session, not the driver, acquires
 * and releases the pool's connections.
 */
export class SessionDriver implements Driver {
  protected readonly queryable: Queryable
  readonly #connection: DatabaseConnection

  constructor(queryable: Queryable) {
    this.queryable = queryable
    this.#connection = { executeQuery: (query) => execute(queryable, query), streamQuery: rejectStream }
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}

  // The session rejects the statement, with the reason.
  async beginTransaction(_connection: DatabaseConnection, _settings: TransactionSettings): Promise<void> {
    await this.queryable.query('begin')
  }

  async commitTransaction(): Promise<void> {
    await this.queryable.query('commit')
  }

  async rollbackTransaction(): Promise<void> {
    await this.queryable.query('rollback')
  }
}

// All savepoints have the same name, so that a second, concurrent transaction is detected and
// rejected.
const transactionName = 'kysely'

/**
 * Runs statements in a transaction that Kysely does not end. A Kysely transaction becomes a
 * savepoint in that transaction.
 */
export class TransactionDriver extends SessionDriver {
  /** @throws HoldfastError `transaction-control` if an isolation level or access mode is set. */
  override async beginTransaction(
    connection: DatabaseConnection,
    { isolationLevel, accessMode }: TransactionSettings,
  ): Promise<void> {
    if (isolationLevel !== undefined || accessMode !== undefined) {
      throw new HoldfastError(
        'transaction-control',
        'A transaction inside a mutation or job is a savepoint and cannot have an isolation level or access mode. Set `isolation` in the definition of the mutation.',
      )
    }
    await this.savepoint(connection, transactionName)
  }

  override commitTransaction(): Promise<void> {
    return this.releaseSavepoint(undefined, transactionName)
  }

  override rollbackTransaction(): Promise<void> {
    return this.rollbackToSavepoint(undefined, transactionName)
  }

  async savepoint(_connection: unknown, name: string): Promise<void> {
    await this.queryable.query(`savepoint ${quoteIdentifier(name)}`)
  }

  async rollbackToSavepoint(_connection: unknown, name: string): Promise<void> {
    await this.queryable.query(`rollback to savepoint ${quoteIdentifier(name)}`)
  }

  async releaseSavepoint(_connection: unknown, name: string): Promise<void> {
    await this.queryable.query(`release savepoint ${quoteIdentifier(name)}`)
  }
}

const changes = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE'])

async function execute<Row>(
  queryable: Queryable,
  { sql, parameters }: CompiledQuery,
): Promise<QueryResult<Row>> {
  const { command, rowCount, rows } = await queryable.query({ text: sql, values: parameters })
  return {
    rows: rows as Row[],
    ...(changes.has(command) ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}),
  }
}

function rejectStream(): never {
  throw new HoldfastError(
    'kysely-stream-refused',
    'Streaming is not supported in a handler, because it would hold a connection while the rows are read. Use execute() with a limit, and read the rest in pages.',
  )
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

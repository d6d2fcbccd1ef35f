import type pg from 'pg'
import type { Usage } from '../kernel/work.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Connection, Queryable } from './connection.ts'
import type { DriverQuery, DriverStatement } from './driver-query.ts'
import { checkStatement } from './statement.ts'

const savepointForm =
  /^\s*(savepoint|release(?:\s+savepoint)?|rollback\s+to(?:\s+savepoint)?)\s+(\w+)\s*;?\s*$/i

/** What a mutation's handler writes through: the statements of one transaction, until its handler has ended. */
export class TransactionSession implements Queryable {
  readonly #connection: Connection
  readonly #usage: Usage
  readonly #savepoints = new Set<string>()
  #isOver = false

  constructor(connection: Connection, usage: Usage) {
    this.#connection = connection
    this.#usage = usage
  }

  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    if (this.#isOver) {
      throw new HoldfastError(
        'database-call-over',
        'A statement was run with the `db` of a mutation whose handler has ended. Await every statement within the handler.',
      )
    }
    this.#usage.statements += 1
    const statement: DriverStatement = typeof query === 'string' ? { text: query } : query
    checkStatement(statement.text, statement.name)
    this.#followSavepoints(statement.text)
    // The extended protocol takes one statement at a time: none can hide behind another.
    return this.#connection.query<Row>({ ...statement, queryMode: 'extended' }, values)
  }

  /** Refuses every further statement. */
  end(): void {
    this.#isOver = true
  }

  /** Two savepoints of one name at once would undo each other's work: a builder that runs two in parallel makes such. */
  #followSavepoints(text: string): void {
    const [, command, name] = savepointForm.exec(text) ?? []
    if (command === undefined || name === undefined) return
    if (command.toLowerCase() !== 'savepoint') this.#savepoints.delete(name)
    else if (this.#savepoints.has(name)) {
      throw new HoldfastError(
        'savepoint-concurrent',
        `The savepoint "${name}" is open already: two parts of one transaction run at the same time. Await one db.transaction(…) before the next.`,
      )
    } else this.#savepoints.add(name)
  }
}

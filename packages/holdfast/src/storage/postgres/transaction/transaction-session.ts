import type pg from 'pg'
import type { Effects } from '../../../kernel/background/effects.ts'
import type { Work } from '../../../kernel/host/work.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Connection, Queryable } from '../session/connection.ts'
import type { DriverQuery, DriverStatement } from '../session/driver-query.ts'
import { guarded } from '../statement/guarded.ts'
import type { GatheredRows } from './gathered-rows.ts'
import { checkStatement } from '../statement/statement.ts'
import { isSavepointCommand, type SavepointCommand } from '../statement/statement-shape.ts'
import type { TransactionMarker } from './transaction-marker.ts'

/** A transaction that handlers write through, and the rows gathered in it. */
export interface HandlerSession extends Queryable {
  readonly gathered: GatheredRows
  /** The work that the transaction is used for. */
  readonly work: Work
  /** Whether its handler has ended, so that further statements are rejected. */
  readonly isOver: boolean
}

/** The parts of a transaction that a handler can use. */
export interface BoundTransaction extends Effects {
  /** The query builder's handle. Read it inside `within`. */
  readonly db: unknown
  /** Runs the handler. */
  within<T>(run: () => T | Promise<T>): T | Promise<T>
}

/** The parts of a {@link TransactionSession}. */
export interface TransactionParts extends Pick<HandlerSession, 'gathered' | 'work'> {
  readonly connection: Connection
  readonly marker: TransactionMarker
}

/**
 * The session of a mutation's handler: the statements of one transaction, until its handler has
 * ended.
 */
export class TransactionSession implements HandlerSession {
  readonly gathered: GatheredRows
  readonly work: Work
  readonly #connection: Connection
  readonly #marker: TransactionMarker
  #isOver = false

  constructor({ connection, work, gathered, marker }: TransactionParts) {
    this.#connection = connection
    this.#marker = marker
    this.work = work
    this.gathered = gathered
  }

  get isOver(): boolean {
    return this.#isOver
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
    // If the transaction was rolled back or ended by other means, the next statement would commit
    // by itself.
    if (this.#connection.transactionStatus === 'I') throw this.#marker.end()
    this.work.usage.statements += 1
    const statement: DriverStatement = typeof query === 'string' ? { text: query } : query
    const { control } = checkStatement(statement.text, statement.name)
    const checked = guarded(statement, values, this.work.guard)
    const command = isSavepointCommand(control) ? control : undefined
    const sent = command && this.gathered.send(command, this.#connection.isBusy)
    let hasSucceeded = false
    try {
      // The extended protocol accepts one statement at a time, so a second one cannot be appended.
      const result = await this.#connection.query<Row>({ ...checked, queryMode: 'extended' }, values)
      if (controlTags.get(result.command) !== command?.kind) this.#refuse()
      hasSucceeded = true
      return result
    } finally {
      if (sent) this.gathered.settle(sent, hasSucceeded)
    }
  }

  /**
   * Rolls back and throws: Postgres reported a command that the text of the statement does not
   * show.
   */
  #refuse(): never {
    this.#connection.destroy()
    throw this.#marker.end()
  }

  /** Rejects all further statements. */
  end(): void {
    this.#isOver = true
  }
}

// The commands that begin or end a transaction or a savepoint, by the first word of the command
// tag.
const controlTags: ReadonlyMap<string, SavepointCommand['kind'] | 'transaction'> = new Map([
  ['SAVEPOINT', 'savepoint'],
  ['RELEASE', 'release'],
  ['ROLLBACK', 'rollback'],
  ['BEGIN', 'transaction'],
  ['START', 'transaction'],
  ['COMMIT', 'transaction'],
  ['PREPARE', 'transaction'],
])

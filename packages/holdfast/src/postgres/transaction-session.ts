import type pg from 'pg'
import type { Effects } from '../kernel/effects.ts'
import type { Work } from '../kernel/work.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Connection, Queryable } from './connection.ts'
import type { DriverQuery, DriverStatement } from './driver-query.ts'
import { guarded } from './guard/guarded.ts'
import type { GatheredRows } from './gathered-rows.ts'
import { checkStatement } from './statement.ts'
import { isSavepointCommand, type SavepointCommand } from './statement-shape.ts'
import type { TransactionMarker } from './transaction-marker.ts'

/** A transaction that handlers write through, and what they gather in it. */
export interface HandlerSession extends Queryable {
  readonly gathered: GatheredRows
  /** On whose behalf. */
  readonly work: Work
  /** Whether its handler has ended: it takes nothing more. */
  readonly isOver: boolean
}

/** What a handler is given of its transaction. */
export interface BoundTransaction extends Effects {
  /** Asked for within `within`. */
  readonly db: unknown
  /** Runs the handler. */
  within<T>(run: () => T | Promise<T>): T | Promise<T>
}

/** A transaction that has begun, and what belongs to it. */
export interface TransactionParts extends Pick<HandlerSession, 'gathered' | 'work'> {
  readonly connection: Connection
  readonly marker: TransactionMarker
}

/** What a mutation's handler writes through: the statements of one transaction, until its handler has ended. */
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
    // Rolled back or ended behind the framework's back, what comes next would commit by itself.
    if (this.#connection.transactionStatus === 'I') throw this.#marker.end()
    this.work.usage.statements += 1
    const statement: DriverStatement = typeof query === 'string' ? { text: query } : query
    const { control } = checkStatement(statement.text, statement.name)
    const checked = guarded(statement, values, this.work.guard)
    const command = isSavepointCommand(control) ? control : undefined
    const sent = command && this.gathered.send(command, this.#connection.isBusy)
    let hasSucceeded = false
    try {
      // The extended protocol takes one statement at a time: none can hide behind another.
      const result = await this.#connection.query<Row>({ ...checked, queryMode: 'extended' }, values)
      if (controlTags.get(result.command) !== command?.kind) this.#refuse()
      hasSucceeded = true
      return result
    } finally {
      if (sent) this.gathered.settle(sent, hasSucceeded)
    }
  }

  /** Rolls back: Postgres says that it ran a command which the text of the statement does not show. */
  #refuse(): never {
    this.#connection.destroy()
    throw this.#marker.end()
  }

  /** Refuses every further statement. */
  end(): void {
    this.#isOver = true
  }
}

// The commands that begin or end a transaction or a part of it, by the first word of the tag with which Postgres answers.
const controlTags: ReadonlyMap<string, SavepointCommand['kind'] | 'transaction'> = new Map([
  ['SAVEPOINT', 'savepoint'],
  ['RELEASE', 'release'],
  ['ROLLBACK', 'rollback'],
  ['BEGIN', 'transaction'],
  ['START', 'transaction'],
  ['COMMIT', 'transaction'],
  ['PREPARE', 'transaction'],
])

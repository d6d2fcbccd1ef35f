import type pg from 'pg'
import type { Effects } from '../kernel/effects.ts'
import type { Work } from '../kernel/work.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Connection, Queryable } from './connection.ts'
import type { DriverQuery, DriverStatement } from './driver-query.ts'
import { guarded } from './guard/guarded.ts'
import type { GatheredRows } from './gathered-rows.ts'
import { checkStatement } from './statement.ts'

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

/** What a mutation's handler writes through: the statements of one transaction, until its handler has ended. */
export class TransactionSession implements HandlerSession {
  readonly gathered: GatheredRows
  readonly work: Work
  readonly #connection: Connection
  #isOver = false

  constructor(connection: Connection, work: Work, gathered: GatheredRows) {
    this.#connection = connection
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
    this.work.usage.statements += 1
    const statement: DriverStatement = typeof query === 'string' ? { text: query } : query
    checkStatement(statement.text, statement.name)
    const checked = guarded(statement, values, this.work.guard)
    this.gathered.follow(statement.text)
    // The extended protocol takes one statement at a time: none can hide behind another.
    return this.#connection.query<Row>({ ...checked, queryMode: 'extended' }, values)
  }

  /** Refuses every further statement. */
  end(): void {
    this.#isOver = true
  }
}

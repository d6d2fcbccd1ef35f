import type pg from 'pg'
import type { RunningDeadline } from '../../kernel/operation/deadline.ts'
import type { Work } from '../../kernel/host/work.ts'
import type { Queryable } from '../postgres/session/connection.ts'
import type { DriverQuery, DriverStatement } from '../postgres/session/driver-query.ts'
import { guarded } from '../postgres/statement/guarded.ts'
import type { Pool } from '../postgres/pool/pool.ts'
import type { Replica } from '../replicas/replica.ts'
import {
  isRetryable,
  isStalePlan,
  isUnavailable,
  mayBeFinal,
  mayBeOfReplica,
} from '../postgres/errors/sql-state.ts'
import { checkReadStatement, type Statement } from '../postgres/statement/statement.ts'

/** The work of a query, with its running deadline. */
export interface Reading extends Work {
  readonly deadline: RunningDeadline
}

/**
 * The sources of a query: its replica, and the primary for reads that the replica cannot answer.
 */
export interface ReadSources {
  readonly primary: Pool
  readonly replica: Replica | undefined
}

/**
 * Returns the statement that sets values, such as the tenant, only for the next read's transaction;
 * `undefined` if there is nothing to set.
 */
export type ScopeOf = () => Statement | undefined

/** A source of connections. */
type Source = Pick<Pool, 'acquire'> & Partial<Pick<Replica, 'released'>>

/** A statement with the values of its parameters. */
interface QueryRequest {
  readonly query: DriverQuery
  readonly values: unknown[] | undefined
  readonly scope: Statement | undefined
}

/**
 * The session of a query. Each statement takes a read-only connection and releases it, so that a
 * handler holds no connection between statements. Running statements are interrupted at the call's
 * deadline.
 */
export class ReadSession implements Queryable {
  readonly #primary: Pool
  readonly #work: Reading
  readonly #scopeOf: ScopeOf | undefined
  #replica: Replica | undefined
  #transientFailure: Error | undefined
  #passingFailure: Error | undefined

  constructor({ primary, replica }: ReadSources, work: Reading, scopeOf?: ScopeOf) {
    this.#primary = primary
    this.#replica = replica
    this.#work = work
    this.#scopeOf = scopeOf
  }

  /** The first failure that is independent of the statement. */
  get transientFailure(): Error | undefined {
    return this.#transientFailure
  }

  /** The first failure whose cause may be gone at the next attempt. */
  get passingFailure(): Error | undefined {
    return this.#passingFailure
  }

  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: DriverQuery,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    let asked: QueryRequest
    try {
      asked = this.#check(query, values)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    return this.#replica ? this.#runOnReplica(this.#replica, asked) : this.#run(this.#primary, asked)
  }

  #check(query: DriverQuery, values: unknown[] | undefined): QueryRequest {
    const statement: DriverStatement = typeof query === 'string' ? { text: query } : query
    checkReadStatement(statement.text, statement.name)
    this.#work.usage.statements += 1
    // The extended protocol accepts one statement at a time, so a second statement cannot be
    // appended.
    const checked = guarded(statement, values, this.#work.guard)
    return { query: { ...checked, queryMode: 'extended' }, values, scope: this.#scopeOf?.() }
  }

  async #runOnReplica<Row extends pg.QueryResultRow>(
    replica: Replica,
    asked: QueryRequest,
  ): Promise<pg.QueryResult<Row>> {
    try {
      return await this.#run<Row>(replica, asked)
    } catch (error) {
      if (this.#work.deadline.aborted || !mayBeOfReplica(error)) throw error
      // A read can be run again. The primary is never behind the replica, so later reads never see
      // an older state.
      this.#replica = undefined
      return this.#run<Row>(this.#primary, asked)
    }
  }

  async #run<Row extends pg.QueryResultRow>(
    source: Source,
    asked: QueryRequest,
  ): Promise<pg.QueryResult<Row>> {
    try {
      return await this.#runOnce<Row>(source, asked)
    } catch (error) {
      if (!isStalePlan(error)) throw this.#classified(error)
    }
    try {
      return await this.#runOnce<Row>(source, asked)
    } catch (error) {
      throw this.#classified(error)
    }
  }

  #classified(error: unknown): unknown {
    if (error instanceof Error) {
      if (isUnavailable(error) || isRetryable(error)) this.#transientFailure ??= error
      if (!mayBeFinal(error)) this.#passingFailure ??= error
    }
    return error
  }

  /** Takes a connection, runs a statement and releases the connection. */
  async #runOnce<Row extends pg.QueryResultRow>(
    source: Source,
    asked: QueryRequest,
  ): Promise<pg.QueryResult<Row>> {
    const { deadline } = this.#work
    const connection = await source.acquire(this.#work)
    let interruption: Promise<boolean> | undefined
    const interrupt = (): void => {
      interruption = connection.interrupt()
    }
    deadline.addEventListener('abort', interrupt)
    try {
      // The work may have been cancelled while the connection was acquired.
      deadline.throwIfAborted()
      return await connection.queryAlone<Row>(asked, deadline.remainingMs())
    } catch (error) {
      throw deadline.aborted ? deadline.reason : error
    } finally {
      deadline.removeEventListener('abort', interrupt)
      // The cancel request must be finished before another call gets the connection.
      if (interruption && !(await interruption)) connection.destroy()
      connection.release()
      source.released?.(connection)
    }
  }
}

import type pg from 'pg'
import {
  type ConnectionInternals,
  copyColumns,
  DriversQuery,
  DriversResult,
} from '../session/driver-internals.ts'
import type { OutgoingStatement } from './outgoing-statement.ts'
import { frozen } from './prepared-columns.ts'
import { StatementSkipped } from './statement-skipped.ts'
import { binaryRefused, copyRefused } from './unsupported-results.ts'

/*
 * A group of statements, sent as one query of the driver: Parse, Bind and Execute for each
 * statement, then one Sync. The server sends the results when it receives the Sync, followed by a
 * single ReadyForQuery.
 *
 * The driver passes the first error of a group to the query, and passes it nothing after that. The
 * statements before the failed statement have succeeded, and the server skips the statements after
 * it. The group settles at ReadyForQuery, so that the status of the transaction is known.
 */

/**
 * Results without rows, which hold the columns of prepared statements, by statement name;
 * `undefined` if a statement returns no rows. The columns of a prepared statement stay the same:
 * the server refuses to run a statement whose columns would change.
 */
export type ColumnsByName = Map<string, DriversResult | undefined>

/** The session of a {@link DriverGroup}. */
export interface GroupSession {
  /** Parses the columns of statements that set no parsers. */
  readonly types: pg.CustomTypesConfig
  readonly columns: ColumnsByName
  /**
   * Calls `settle` at the next ReadyForQuery, when the status of the transaction is known, or when
   * the session ends.
   */
  onceReady(settle: () => void): void
}

/** A group of statements that ends with one Sync. */
export class DriverGroup extends DriversQuery {
  readonly #statements: readonly OutgoingStatement[]
  readonly #session: GroupSession
  readonly #results: DriversResult[]
  /** The index of the statement whose messages arrive next. */
  #at = 0
  /** True if the next message may start the result of a simple query's next statement. */
  #isBetween = true

  constructor(statements: readonly OutgoingStatement[], session: GroupSession) {
    super(statements[0]!.text)
    this.name = statements[0]!.name
    this.#statements = statements
    this.#session = session
    this.#results = statements.map((statement) => this.#newResult(statement))
  }

  #newResult({ rowMode, types = this.#session.types }: OutgoingStatement): DriversResult {
    return new DriversResult(rowMode, types)
  }

  /** True if the group is one simple query, which may contain several statements. */
  get #isSimple(): boolean {
    return this.#statements.length === 1 && this.#statements[0]!.isSimple
  }

  submit(connection: ConnectionInternals): null {
    if (this.#isSimple) {
      connection.query(this.text)
      return null
    }
    connection.stream.cork()
    for (const [index, statement] of this.#statements.entries()) {
      this.#write(statement, this.#results[index]!, connection)
    }
    connection.sync()
    connection.stream.uncork()
    return null
  }

  #write(
    { name, text, values }: OutgoingStatement,
    result: DriversResult,
    connection: ConnectionInternals,
  ): void {
    const { columns } = this.#session
    const { parsedStatements, submittedNamedStatements } = connection
    const isPrepared = name !== '' && parsedStatements[name] !== undefined
    if (!isPrepared && (name === '' || submittedNamedStatements[name] === undefined)) {
      connection.parse({ name, text })
      if (name !== '') submittedNamedStatements[name] = text
    }
    connection.bind({ statement: name, values })
    const described = columns.get(name)
    if (!isPrepared || !columns.has(name)) connection.describe({ type: 'P' })
    else if (described) copyColumns(described, result)
    connection.execute({})
  }

  handleRowDescription({ fields }: { readonly fields: pg.FieldDef[] }): void {
    const statement = this.#statements[this.#at]!
    const { name, discardsResult } = statement
    if (fields.some(({ format }) => format !== 'text')) statement.failLater(binaryRefused())
    if (discardsResult) return
    if (this.#isSimple) this.#startResult(statement)
    this.#isBetween = false
    const result = this.#results[this.#at]!
    result.addFields(frozen(fields))
    if (name === '') return
    const described = new DriversResult(undefined, result._types)
    copyColumns(result, described)
    this.#session.columns.set(name, described)
  }

  /**
   * Starts the next statement's result. A simple query returns the result of its last statement.
   */
  #startResult(statement: OutgoingStatement): void {
    this.#results[0] = this.#newResult(statement)
  }

  handleDataRow({ fields }: { readonly fields: unknown[] }): void {
    const statement = this.#statements[this.#at]!
    const result = this.#results[this.#at]!
    if (statement.discardsResult || !statement.takesRow()) return
    try {
      result.addRow(result.parseRow(fields))
    } catch (error) {
      statement.failLater(error as Error)
    }
  }

  handleCommandComplete(message: unknown): void {
    const statement = this.#statements[this.#at]!
    if (this.#isSimple && this.#isBetween) this.#startResult(statement)
    this.#isBetween = true
    if (!statement.discardsResult) this.#results[this.#at]!.addCommandComplete(message)
    this.#end()
  }

  handleEmptyQuery(): void {
    this.#end()
  }

  #end(): void {
    const statement = this.#statements[this.#at]!
    if (statement.name !== '' && !this.#session.columns.has(statement.name)) {
      this.#session.columns.set(statement.name, undefined)
    }
    if (this.#isSimple) return
    this.#at += 1
    const next = this.#statements[this.#at]
    if (!next) return
    // The driver uses this name and text to record which statement the server has parsed.
    this.name = next.name
    this.text = next.text
  }

  /** All statements have succeeded, and the server is ready for the next group. */
  handleReadyForQuery(): void {
    for (const [index, statement] of this.#statements.entries()) statement.succeed(this.#results[index]!)
  }

  handleError(error: Error & { severity?: string }, connection: ConnectionInternals): void {
    // If the connection is lost, the outcome of every statement is unknown, so all of them fail.
    if (error.severity === undefined) {
      for (const statement of this.#statements) statement.fail(error)
      return
    }
    const failed = Math.min(this.#at, this.#statements.length - 1)
    for (const { name } of this.#statements.slice(failed + 1)) {
      delete connection.submittedNamedStatements[name]
    }
    // The server may send the error and ReadyForQuery in separate packets.
    this.#session.onceReady(() => this.#settle(failed, error))
  }

  #settle(failed: number, error: Error): void {
    for (const [index, statement] of this.#statements.entries()) {
      if (index < failed) statement.succeed(this.#results[index]!)
      else if (index === failed) statement.fail(error)
      else statement.fail(new StatementSkipped(error))
    }
  }

  /** Refuses COPY, for which there is no stream. */
  handleCopyInResponse(connection: ConnectionInternals): void {
    this.#statements[this.#at]!.failLater(copyRefused())
    connection.sendCopyFail('COPY is not supported')
  }

  handleCopyData(): void {
    this.#statements[this.#at]!.failLater(copyRefused())
  }

  handlePortalSuspended(): void {}
}

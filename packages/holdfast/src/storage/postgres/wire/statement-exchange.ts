import type pg from 'pg'
import type { MessageWriter } from './message-writer.ts'
import type { OutgoingStatement } from './outgoing-statement.ts'
import type { PreparedColumns } from './prepared-columns.ts'
import { ProtocolViolation } from './protocol-violation.ts'
import { RowReader } from './row-reader.ts'
import type { CommandTag } from './server-messages.ts'
import { binaryRefused } from './unsupported-results.ts'

/*
 * The messages of one statement. The server answers a statement in this order:
 *
 *   [ParseComplete] BindComplete [RowDescription | NoData] DataRow… CommandComplete
 *
 * The text of a simple query may contain several statements. The server answers each of them with
 * RowDescription, DataRow and CommandComplete. The last statement determines the result.
 */

/** The part of a session that an exchange uses. */
export interface ExchangeSession {
  readonly prepared: PreparedColumns
  /** Parses the columns of statements that set no parsers. */
  readonly types: pg.CustomTypesConfig
}

/** The next message that is expected. */
type Step = 'parsed' | 'bound' | 'described' | 'rows' | 'simple' | 'over'

/** A statement that was sent, with the part of its answer that has arrived. */
export class StatementExchange {
  readonly statement: OutgoingStatement
  readonly #session: ExchangeSession
  #step: Step = 'parsed'
  #isDescribed = true
  #columns: readonly pg.FieldDef[] | undefined
  #reader: RowReader | undefined
  #rows: unknown[] = []
  #tag: CommandTag | undefined
  #hasEnded = false
  /** True if the next message may start the result of a simple query's next statement. */
  #isBetween = true

  constructor(statement: OutgoingStatement, session: ExchangeSession) {
    this.statement = statement
    this.#session = session
  }

  /** True if the statement was sent as a simple query. */
  get isSimple(): boolean {
    return this.#step === 'simple'
  }

  /** True if the whole answer has arrived. */
  get isComplete(): boolean {
    return this.#hasEnded
  }

  /**
   * Writes the messages of the statement. A simple query cannot share a group with other
   * statements.
   */
  write(writer: MessageWriter, isAlone: boolean): void {
    const { name, text, values, isSimple } = this.statement
    if (isSimple && isAlone) {
      this.#step = 'simple'
      return writer.query(text)
    }
    const { prepared } = this.#session
    if (prepared.submit(name)) writer.parse(name, text)
    else this.#step = 'bound'
    writer.bind(name, values)
    this.#isDescribed = prepared.isDescribed(name)
    if (this.#isDescribed) this.#columns = prepared.columnsOf(name)
    else writer.describe()
    writer.execute()
  }

  parsed(): void {
    this.#expect('parsed')
    this.#session.prepared.parsed(this.statement.name)
    this.#step = 'bound'
  }

  bound(): void {
    this.#expect('bound')
    this.#step = this.#isDescribed ? 'rows' : 'described'
  }

  describedWithRows(columns: readonly pg.FieldDef[]): void {
    if (columns.some(({ format }) => format !== 'text')) this.statement.failLater(binaryRefused())
    if (this.#step === 'simple') {
      this.#startResult()
      this.#isBetween = false
      this.#hasEnded = false
    } else {
      this.#expect('described')
      this.#session.prepared.describe(this.statement.name, columns)
      this.#step = 'rows'
    }
    this.#columns = columns
  }

  describedWithoutRows(): void {
    this.#expect('described')
    this.#session.prepared.describe(this.statement.name, undefined)
    this.#step = 'rows'
  }

  receiveRow(bytes: Buffer, start: number, end: number): void {
    const { statement } = this
    const isExpected = this.#step === 'rows' || (this.#step === 'simple' && !this.#isBetween)
    if (!isExpected || !this.#columns) throw outOfOrder()
    if (statement.discardsResult || !statement.takesRow()) return
    try {
      this.#reader ??= new RowReader({
        columns: this.#columns,
        types: statement.types ?? this.#session.types,
        isArray: statement.rowMode === 'array',
      })
      this.#rows.push(this.#reader.read(bytes, start, end))
    } catch (error) {
      if (error instanceof ProtocolViolation) throw error
      statement.failLater(error as Error)
    }
  }

  /** Receives the command tag; `undefined` if the text was empty. */
  completed(tag: CommandTag | undefined): void {
    if (this.#step === 'simple') {
      if (this.#isBetween) this.#startResult()
      this.#isBetween = true
    } else {
      this.#expect('rows')
      this.#step = 'over'
    }
    this.#tag = tag
    this.#hasEnded = true
  }

  /** Records that the statement failed or was skipped. */
  failed(): void {
    if (this.#step === 'parsed') this.#session.prepared.refused(this.statement.name)
  }

  /** Passes the result to the statement's receiver. */
  succeed(): void {
    const { command = null, rowCount = null, oid = null } = this.#tag ?? {}
    this.statement.succeed({
      command,
      rowCount,
      oid,
      rows: this.#rows,
      fields: this.#columns ?? [],
    } as pg.QueryResult)
  }

  #startResult(): void {
    this.#rows = []
    this.#columns = undefined
    this.#reader = undefined
  }

  #expect(step: Step): void {
    if (this.#step !== step) throw outOfOrder()
  }
}

function outOfOrder(): ProtocolViolation {
  return new ProtocolViolation('the answers to a statement in the wrong order')
}

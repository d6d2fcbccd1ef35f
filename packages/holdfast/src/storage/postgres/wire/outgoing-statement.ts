import type pg from 'pg'
import type { DriverStatement } from '../session/driver-query.ts'

/** Receives the outcome of a statement, once. */
export interface StatementReceiver {
  succeed(result: pg.QueryResult): void
  fail(error: Error): void
}

/** Options of an {@link OutgoingStatement}. */
export interface OutgoingOptions {
  /** The values of the statement's parameters, serialized. */
  readonly values: readonly unknown[] | undefined
  readonly receiver: StatementReceiver
  /** Called once, for the first row beyond the guard's limit. */
  readonly tooManyRows: () => void
  /**
   * True if the receiver of a simple query uses neither rows nor command tags. Has no effect on
   * other statements. Default false.
   */
  readonly discardsResult?: boolean
}

/** A statement on its way to the server, and its rows on their way back. */
export class OutgoingStatement {
  readonly text: string
  /** The name under which the statement is prepared; `''` if it is not prepared. */
  readonly name: string
  readonly values: readonly unknown[]
  readonly rowMode: 'array' | undefined
  readonly types: pg.CustomTypesConfig | undefined
  /**
   * True to send the statement as a simple query, whose text may contain several statements. In a
   * group with other statements, it is sent in the extended protocol, like the other statements.
   */
  readonly isSimple: boolean
  /**
   * True if the result may stay empty, because the receiver only needs to know that it succeeded.
   */
  readonly discardsResult: boolean
  readonly #statement: DriverStatement
  readonly #options: OutgoingOptions
  readonly #maxRows: number
  #rows = 0
  #failure: Error | undefined

  constructor(statement: DriverStatement, options: OutgoingOptions) {
    const { text, name = '', rowMode, types, queryMode, guard } = statement
    this.text = text
    this.name = name
    this.values = options.values ?? none
    this.rowMode = rowMode
    this.types = types
    this.isSimple = name === '' && this.values.length === 0 && queryMode !== 'extended'
    this.discardsResult = this.isSimple && options.discardsResult === true
    this.#statement = statement
    this.#options = options
    this.#maxRows = guard?.maxRows ?? Infinity
  }

  /** Counts a row, and returns whether to keep it: rows beyond the limit are dropped. */
  takesRow(): boolean {
    this.#rows += 1
    if (this.#rows <= this.#maxRows) return this.#failure === undefined
    if (this.#rows === this.#maxRows + 1) {
      this.#failure ??= this.#statement.guard?.tooManyRows(this.text, this.#statement.values)
      this.#options.tooManyRows()
    }
    return false
  }

  /**
   * Makes the statement fail with this error when it ends, for example because a row cannot be
   * parsed.
   */
  failLater(error: Error): void {
    this.#failure ??= error
  }

  succeed(result: pg.QueryResult): void {
    if (this.#failure) this.#options.receiver.fail(this.#failure)
    else this.#options.receiver.succeed(result)
  }

  fail(error: Error): void {
    this.#options.receiver.fail(this.#failure ?? error)
  }
}

const none: readonly unknown[] = []

import type pg from 'pg'
import type { ClientInternals } from '../session/driver-internals.ts'
import { type ColumnsByName, DriverGroup } from './driver-group.ts'
import type { OutgoingStatement } from './outgoing-statement.ts'
import type { Wire } from './wire.ts'

/** A {@link Wire} that uses the messages of the driver. */
export class DriverWire implements Wire {
  readonly #client: pg.Client & ClientInternals
  readonly #columns: ColumnsByName = new Map()
  #group: OutgoingStatement[] | undefined
  /** True from an error until the ReadyForQuery of its group. */
  #isUnsettled = false

  constructor(client: pg.Client & ClientInternals) {
    this.#client = client
  }

  get transactionStatus(): string | null {
    return this.#isUnsettled ? null : this.#client.getTransactionStatus()
  }

  hasPrepared(name: string): boolean {
    return this.#client.connection.parsedStatements[name] !== undefined
  }

  send(statement: OutgoingStatement): void {
    if (this.#group) this.#group.push(statement)
    else this.#submit([statement])
  }

  group<T>(begin: () => T): T {
    const group: OutgoingStatement[] = []
    this.#group = group
    try {
      return begin()
    } finally {
      this.#group = undefined
      if (group.length > 0) this.#submit(group)
    }
  }

  together<T>(begin: () => T): T {
    const { stream } = this.#client.connection
    stream.cork()
    try {
      return begin()
    } finally {
      stream.uncork()
    }
  }

  #submit(statements: readonly OutgoingStatement[]): void {
    const session = { types: this.#client, columns: this.#columns, hasFailed: () => this.#awaitReady() }
    void this.#client.query(new DriverGroup(statements, session))
  }

  /**
   * The server sends an error before ReadyForQuery, and may send them in separate packets. Until
   * ReadyForQuery arrives, the driver reports the state of the transaction before the group.
   */
  #awaitReady(): void {
    this.#isUnsettled = true
    this.#client.connection.once('readyForQuery', () => {
      this.#isUnsettled = false
    })
  }
}

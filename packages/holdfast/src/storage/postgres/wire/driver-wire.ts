import type pg from 'pg'
import type { ClientInternals } from '../session/driver-internals.ts'
import { type ColumnsByName, DriverGroup } from './driver-group.ts'
import type { OutgoingStatement } from './outgoing-statement.ts'
import type { Wire } from './wire.ts'

/** A {@link Wire} that uses the driver's messages. */
export class DriverWire implements Wire {
  readonly #client: pg.Client & ClientInternals
  readonly #columns: ColumnsByName = new Map()
  #group: OutgoingStatement[] | undefined

  constructor(client: pg.Client & ClientInternals) {
    this.#client = client
  }

  get transactionStatus(): string | null {
    return this.#client.getTransactionStatus()
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
    const session = {
      types: this.#client,
      columns: this.#columns,
      onceReady: (settle: () => void) => this.#onceReady(settle),
    }
    void this.#client.query(new DriverGroup(statements, session))
  }

  #onceReady(settle: () => void): void {
    const { connection } = this.#client
    const settleOnce = (): void => {
      connection.off('readyForQuery', settleOnce)
      connection.off('end', settleOnce)
      settle()
    }
    connection.on('readyForQuery', settleOnce)
    connection.on('end', settleOnce)
  }
}

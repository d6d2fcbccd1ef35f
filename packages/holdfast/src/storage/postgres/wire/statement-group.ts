import type { MessageWriter } from './message-writer.ts'
import type { OutgoingStatement } from './outgoing-statement.ts'
import { ProtocolViolation } from './protocol-violation.ts'
import type { CommandTag } from './server-messages.ts'
import { type ExchangeSession, StatementExchange } from './statement-exchange.ts'
import { StatementSkipped } from './statement-skipped.ts'

/** Statements followed by one Sync. The server answers them in order. */
export class StatementGroup {
  readonly #exchanges: readonly StatementExchange[]
  /** The index of the statement whose answer arrives next. */
  #at = 0
  #failure: Error | undefined

  constructor(statements: readonly OutgoingStatement[], session: ExchangeSession) {
    this.#exchanges = statements.map((statement) => new StatementExchange(statement, session))
  }

  write(writer: MessageWriter): void {
    const isAlone = this.#exchanges.length === 1
    for (const exchange of this.#exchanges) exchange.write(writer, isAlone)
    // A simple query needs no Sync: the server is ready for the next group after it.
    if (!isAlone || !this.#exchanges[0]!.isSimple) writer.sync()
  }

  /** The statement whose answer arrives next. */
  get current(): StatementExchange {
    const exchange = this.#exchanges[this.#at]
    if (!exchange || this.#failure)
      throw new ProtocolViolation('an answer after the last statement of a group')
    return exchange
  }

  /** Receives the command tag of the current statement; `undefined` if its text was empty. */
  completed(tag: CommandTag | undefined): void {
    const { current } = this
    current.completed(tag)
    if (!current.isSimple) this.#at += 1
  }

  /** Receives an error. The server skips the rest of the group. */
  receiveError(error: Error): void {
    this.#failure ??= error
    for (const exchange of this.#exchanges.slice(this.#at)) exchange.failed()
  }

  /** Throws unless every statement has been answered, or one of them has failed. */
  requireComplete(): void {
    if (this.#failure || this.#exchanges.every(({ isComplete }) => isComplete)) return
    throw new ProtocolViolation('the end of a group before all of its answers')
  }

  /** Passes each statement its result or its failure. */
  settle(): void {
    const failure = this.#failure
    // An error after the last statement means that the implicit transaction of the group could not
    // commit.
    const failedAt = failure ? Math.min(this.#at, this.#exchanges.length - 1) : Infinity
    for (const [index, exchange] of this.#exchanges.entries()) {
      if (index < failedAt) exchange.succeed()
      else if (index === failedAt) exchange.statement.fail(failure!)
      else exchange.statement.fail(new StatementSkipped(failure!))
    }
  }

  /** Fails the unanswered statements, because the session has ended. */
  abandon(error: Error): void {
    if (this.#failure) return this.settle()
    for (const { statement } of this.#exchanges) statement.fail(error)
  }
}

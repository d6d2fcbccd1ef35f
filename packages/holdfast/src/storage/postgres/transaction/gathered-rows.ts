import type { SavepointCommand } from '../statement/statement-shape.ts'
import { Savepoints, type SentCommand } from './savepoints.ts'
import type { Statement } from '../statement/statement.ts'

/** Rows that are collected while a handler runs, and written in the commit's round trip. */
export interface Gathering {
  readonly length: number
  /** Removes the rows with positions from `from` up to but not including `to`. */
  forget(from: number, to: number): void
  /** Returns the statements that write the rows. Called once. */
  statements(): readonly Statement[]
  /** Called when the transaction has committed, even if there are no rows. */
  committed(): void
}

/** All rows gathered in one transaction. Rows undone by a ROLLBACK TO are removed. */
export class GatheredRows {
  readonly #gatherings: Gathering[] = []
  readonly #savepoints = new Savepoints()
  #position = 0

  get isEmpty(): boolean {
    return this.#gatherings.every(({ length }) => length === 0)
  }

  add(gathering: Gathering): void {
    this.#gatherings.push(gathering)
  }

  /** Returns the position for the next gathered row. */
  takePosition(): number {
    return this.#position++
  }

  /**
   * Records a savepoint command that is about to be sent.
   *
   * @param isBusy whether another statement is running.
   * @throws HoldfastError `savepoint-concurrent`.
   */
  send(command: SavepointCommand, isBusy: boolean): SentCommand {
    return this.#savepoints.send(command, { position: this.#position, isBusy })
  }

  /** Applies the result of a command. A command that Postgres refused changes nothing here. */
  settle(sent: SentCommand, hasSucceeded: boolean): void {
    const undone = this.#savepoints.settle(sent, hasSucceeded)
    if (undone === undefined) return
    for (const gathering of this.#gatherings) gathering.forget(undone, sent.position)
  }

  /**
   * Returns the statements that write all rows.
   *
   * @throws HoldfastError `savepoint-unclear` if it is unknown which rows were undone.
   */
  statements(): readonly Statement[] {
    this.#savepoints.refuseUnclear()
    return this.#gatherings.flatMap((gathering) => (gathering.length > 0 ? gathering.statements() : []))
  }

  committed(): void {
    for (const gathering of this.#gatherings) gathering.committed()
  }
}

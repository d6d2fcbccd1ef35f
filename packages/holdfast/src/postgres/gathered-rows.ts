import type { SavepointCommand } from './statement-shape.ts'
import { Savepoints, type SentCommand } from './savepoints.ts'
import type { Statement } from './statement.ts'

/** Rows that are gathered while a handler runs, and written in the round trip of its transaction's commit. */
export interface Gathering {
  readonly length: number
  /** Forgets what was gathered at positions from `from` up to but not including `to`. */
  forget(from: number, to: number): void
  /** Returns the statements that write the rows. Called once. */
  statements(): readonly Statement[]
  /** Called when the transaction has committed, with the rows if there are any. */
  committed(): void
}

/** The rows of a gathering, each with its position among all that its transaction gathers. */
export class PositionedRows<Row> {
  readonly #gathered: GatheredRows
  readonly #positions: number[] = []
  readonly rows: Row[] = []

  constructor(gathered: GatheredRows) {
    this.#gathered = gathered
  }

  push(row: Row): void {
    this.rows.push(row)
    this.#positions.push(this.#gathered.takePosition())
  }

  /** As {@link Gathering.forget}. */
  forget(from: number, to: number): void {
    let kept = 0
    for (const [index, position] of this.#positions.entries()) {
      if (position >= from && position < to) continue
      this.#positions[kept] = position
      this.rows[kept] = this.rows[index]!
      kept += 1
    }
    this.#positions.length = kept
    this.rows.length = kept
  }
}

/** All that one transaction gathers. What is undone with the rows of the transaction is forgotten. */
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

  /** Returns the position of what is gathered now. */
  takePosition(): number {
    return this.#position++
  }

  /**
   * Follows a command for a savepoint that is about to be sent, `isBusy` if another statement is under way.
   *
   * @throws HoldfastError `savepoint-concurrent`.
   */
  send(command: SavepointCommand, isBusy: boolean): SentCommand {
    return this.#savepoints.send(command, { position: this.#position, isBusy })
  }

  /** Follows the answer to a command: only what Postgres has done is done here. */
  settle(sent: SentCommand, hasSucceeded: boolean): void {
    const undone = this.#savepoints.settle(sent, hasSucceeded)
    if (undone === undefined) return
    for (const gathering of this.#gatherings) gathering.forget(undone, sent.position)
  }

  /**
   * Returns the statements that write all rows.
   *
   * @throws HoldfastError `savepoint-unclear` if it is not known which of them were undone.
   */
  statements(): readonly Statement[] {
    this.#savepoints.refuseUnclear()
    return this.#gatherings.flatMap((gathering) => (gathering.length > 0 ? gathering.statements() : []))
  }

  committed(): void {
    for (const gathering of this.#gatherings) gathering.committed()
  }
}

import type { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Statement } from '../statement/statement.ts'
import type { Gathering } from './gathered-rows.ts'
import type { HandlerSession } from './handler-session.ts'

/** The rows of one kind that a handler adds to its transaction, in the order added. */
export abstract class RowGathering<Row> implements Gathering {
  protected readonly session: HandlerSession
  protected readonly rows: Row[] = []
  /** The position of each row among all rows gathered in the transaction. */
  readonly #positions: number[] = []
  #isRegistered = false

  constructor(session: HandlerSession) {
    this.session = session
  }

  get length(): number {
    return this.rows.length
  }

  abstract statements(): readonly Statement[]
  abstract committed(): void

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

  /** Adds rows. Throws the error of `late` if the handler has ended. */
  protected gather(rows: readonly Row[], late: () => HoldfastError): void {
    if (this.session.isClosed) throw late()
    this.register()
    for (const row of rows) {
      this.rows.push(row)
      this.#positions.push(this.session.gathered.takePosition())
    }
  }

  /** Requests a call to {@link committed} after the commit. Adding rows requests it too. */
  protected register(): void {
    if (!this.#isRegistered) this.session.gathered.add(this)
    this.#isRegistered = true
  }
}

import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { SavepointCommand } from '../statement/statement-shape.ts'

/** A savepoint command that has been sent but possibly not answered yet. */
export interface SentCommand extends SavepointCommand {
  /** The position of the next gathered row when the command was sent. */
  readonly position: number
}

/** The state of a transaction when a command is sent. */
interface Moment {
  /** The position of the next gathered row. */
  readonly position: number
  /** True if a statement is running. */
  readonly isBusy: boolean
}

interface Savepoint {
  readonly name: string
  /** The position of the next gathered row when the savepoint was created. */
  readonly position: number
  /** True if the part of the handler that created the savepoint is still using it. */
  isInUse: boolean
}

// Drizzle counts the depth of its transactions, and the Kysely driver uses one name. Neither
// creates a savepoint whose name is in use, unless two of its transactions run at the same time.
const builderName = /^(?:sp\d+|kysely)$/

/**
 * The savepoints of one transaction, as Postgres keeps them: a stack. If several savepoints have
 * the same name, the name refers to the newest.
 *
 * Invariants:
 * - The stack changes only when Postgres has executed a command. It does not change if Postgres
 *   refuses the command, as in a failed transaction.
 * - Positions are recorded when a command is sent. Postgres executes commands in the order in which
 *   they are sent, so a ROLLBACK TO does not undo rows that were gathered after it was sent.
 */
export class Savepoints {
  readonly #stack: Savepoint[] = []
  readonly #sent = new Set<SentCommand>()
  #isUnclear = false

  /**
   * Records a command that is about to be sent.
   *
   * A savepoint may be created inside another savepoint with the same name. But if two concurrent
   * parts of a handler used the same name, each could undo the other's work. Concurrent use is
   * detected if a statement is running, or if query builders use the name.
   *
   * @throws HoldfastError `savepoint-concurrent`.
   */
  send({ kind, name }: SavepointCommand, { position, isBusy }: Moment): SentCommand {
    if (kind !== 'savepoint') this.#endUse(name)
    else if ((isBusy || builderName.test(name)) && this.#isInUse(name)) throw savepointConcurrent(name)
    const sent = { kind, name, position }
    this.#sent.add(sent)
    return sent
  }

  /**
   * Applies the result of a command. Returns the position of the first undone row; `undefined` if
   * no rows are undone.
   */
  settle(sent: SentCommand, hasSucceeded: boolean): number | undefined {
    this.#sent.delete(sent)
    if (!hasSucceeded) return undefined
    const { kind, name, position } = sent
    if (kind === 'savepoint') {
      this.#stack.push({ name, position, isInUse: true })
      return undefined
    }
    const index = this.#stack.findLastIndex((savepoint) => savepoint.name === name)
    const savepoint = this.#stack[index]
    if (savepoint === undefined) {
      this.#isUnclear = true
      return undefined
    }
    // ROLLBACK TO keeps the savepoint itself.
    this.#stack.length = kind === 'release' ? index : index + 1
    return kind === 'rollback' ? savepoint.position : undefined
  }

  /**
   * Throws if a command has not been answered, or did not find its savepoint.
   *
   * @throws HoldfastError `savepoint-unclear`.
   */
  refuseUnclear(): void {
    if (!this.#isUnclear && this.#sent.size === 0) return
    throw new HoldfastError(
      'savepoint-unclear',
      'The transaction was rolled back, because it is unknown which of its jobs and messages were undone with a savepoint. Await each savepoint command, and create savepoints only with SAVEPOINT.',
    )
  }

  #isInUse(name: string): boolean {
    for (const sent of this.#sent) if (sent.kind === 'savepoint' && sent.name === name) return true
    return this.#stack.some((savepoint) => savepoint.name === name && savepoint.isInUse)
  }

  #endUse(name: string): void {
    for (const savepoint of this.#stack) if (savepoint.name === name) savepoint.isInUse = false
  }
}

function savepointConcurrent(name: string): HoldfastError {
  return new HoldfastError(
    'savepoint-concurrent',
    `The savepoint "${name}" is already open: two parts of one transaction run at the same time. Await one db.transaction(…) before the next.`,
  )
}

import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { SavepointCommand } from './statement-shape.ts'

/** A command for a savepoint that has been sent, and may not have been answered. */
export interface SentCommand extends SavepointCommand {
  /** The position of what was gathered next. */
  readonly position: number
}

/** The state of a transaction when a command is sent. */
interface Moment {
  /** The position of what is gathered next. */
  readonly position: number
  /** Whether a statement is under way. */
  readonly isBusy: boolean
}

interface Savepoint {
  readonly name: string
  /** The position of what was gathered next when it was made. */
  readonly position: number
  /** Whether the part of the handler that made it has not ended it. */
  isInUse: boolean
}

// Drizzle counts the depth of its transactions, and the driver for Kysely uses one name. Neither makes a savepoint again
// while it uses one of that name, unless two of its transactions run at once.
const builderName = /^(?:sp\d+|kysely)$/

/**
 * The savepoints of one transaction, as Postgres has them: a stack, in which a name finds the newest savepoint that has it.
 *
 * Invariants:
 * - The stack changes when Postgres has answered, and not if it has refused: in a transaction that has failed, a savepoint
 *   is not made.
 * - Positions are those of when a command was sent. Statements are answered in the order in which they are sent, so
 *   what was gathered after a ROLLBACK TO was sent is not undone by it.
 */
export class Savepoints {
  readonly #stack: Savepoint[] = []
  readonly #sent = new Set<SentCommand>()
  #isUnclear = false

  /**
   * Notes a command that is about to be sent.
   *
   * A name may be used again within its savepoint. Two parts of a handler that run at once and use one name would undo
   * each other's work: that is noticed if a statement is under way, or by the names that query builders give.
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

  /** Applies a command that has been answered. Returns the position from which on what was gathered is undone. */
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
   * Throws unless every command has been answered, and found its savepoint.
   *
   * @throws HoldfastError `savepoint-unclear`.
   */
  refuseUnclear(): void {
    if (!this.#isUnclear && this.#sent.size === 0) return
    throw new HoldfastError(
      'savepoint-unclear',
      'A transaction is not committed, since it is not known which of its jobs and messages were undone with a savepoint. Await each command for a savepoint, and make savepoints with SAVEPOINT alone.',
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
    `The savepoint "${name}" is open already: two parts of one transaction run at the same time. Await one db.transaction(…) before the next.`,
  )
}

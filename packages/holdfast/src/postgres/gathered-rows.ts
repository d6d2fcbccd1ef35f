import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Statement } from './statement.ts'

/** Rows that are gathered while a handler runs, and written in the round trip of its transaction's commit. */
export interface Gathering {
  /** How many there are. */
  readonly length: number
  /** Forgets all but the first `length`. */
  truncate(length: number): void
  /** What writes them; asked for once. */
  statements(): readonly Statement[]
  /** The transaction has been committed, with them where there are any. */
  committed(): void
}

interface Savepoint {
  /** How long each gathering was when it was made; those that came later were empty then. */
  readonly lengths: readonly number[]
  isOpen: boolean
}

const savepointForm =
  /^\s*(savepoint|release(?:\s+savepoint)?|rollback\s+to(?:\s+savepoint)?)\s+("(?:[^"]|"")+"|\w+)\s*;?\s*$/i

/** All that one transaction gathers. What is gathered within a savepoint goes with it when it is rolled back. */
export class GatheredRows {
  readonly #gatherings: Gathering[] = []
  readonly #savepoints = new Map<string, Savepoint>()

  get isEmpty(): boolean {
    return this.#gatherings.every(({ length }) => length === 0)
  }

  add(gathering: Gathering): void {
    this.#gatherings.push(gathering)
  }

  /**
   * Takes notice of a statement that is about to be sent.
   *
   * @throws HoldfastError `savepoint-concurrent` where two savepoints of one name would be open at once.
   */
  follow(text: string): void {
    const [, command, quoted] = savepointForm.exec(text) ?? []
    const name = quoted?.replaceAll('"', '')
    if (command === undefined || name === undefined) return
    const savepoint = this.#savepoints.get(name)
    if (command.toLowerCase() === 'savepoint') {
      // They would undo each other's work: a builder that runs two nested transactions in parallel makes such.
      if (savepoint?.isOpen === true) throw savepointConcurrent(name)
      this.#savepoints.set(name, { lengths: this.#gatherings.map(({ length }) => length), isOpen: true })
      return
    }
    if (!savepoint) return
    // It is kept all the same: a RELEASE that fails is followed by a ROLLBACK TO, and that by another one maybe.
    savepoint.isOpen = false
    if (!/^rollback/i.test(command)) return
    for (const [index, gathering] of this.#gatherings.entries())
      gathering.truncate(savepoint.lengths[index] ?? 0)
  }

  /** What writes all of them. */
  statements(): readonly Statement[] {
    return this.#gatherings.flatMap((gathering) => (gathering.length > 0 ? gathering.statements() : []))
  }

  committed(): void {
    for (const gathering of this.#gatherings) gathering.committed()
  }
}

function savepointConcurrent(name: string): HoldfastError {
  return new HoldfastError(
    'savepoint-concurrent',
    `The savepoint "${name}" is open already: two parts of one transaction run at the same time. Await one db.transaction(…) before the next.`,
  )
}

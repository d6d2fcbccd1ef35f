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

const savepointForm =
  /^\s*(savepoint|release(?:\s+savepoint)?|rollback\s+to(?:\s+savepoint)?)\s+(\w+)\s*;?\s*$/i

/** All that one transaction gathers. What is gathered within a savepoint goes with it when it is rolled back. */
export class GatheredRows {
  readonly #gatherings: Gathering[] = []
  /** How long each was when a savepoint was made; those that came later were empty then. */
  readonly #savepoints = new Map<string, readonly number[]>()

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
    const [, command, name] = savepointForm.exec(text) ?? []
    if (command === undefined || name === undefined) return
    const lengths = this.#savepoints.get(name)
    if (command.toLowerCase() === 'savepoint') {
      // They would undo each other's work: a builder that runs two nested transactions in parallel makes such.
      if (lengths) throw savepointConcurrent(name)
      this.#savepoints.set(
        name,
        this.#gatherings.map(({ length }) => length),
      )
      return
    }
    this.#savepoints.delete(name)
    if (!/^rollback/i.test(command) || !lengths) return
    for (const [index, gathering] of this.#gatherings.entries()) gathering.truncate(lengths[index] ?? 0)
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

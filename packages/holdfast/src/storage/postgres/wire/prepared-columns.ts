import type pg from 'pg'

/** The columns of a statement's result; `undefined` if it returns no rows. */
export type Columns = readonly pg.FieldDef[] | undefined

/**
 * The statements that a session has prepared, and their columns. The columns of a prepared
 * statement cannot change: the server refuses to run a statement whose columns would change
 * (SQLSTATE 0A000). So each statement is described only once.
 */
export class PreparedColumns {
  /** Sent statements that the server has not parsed yet. */
  readonly #submitted = new Set<string>()
  readonly #prepared = new Set<string>()
  readonly #columns = new Map<string, Columns>()

  /** Returns whether the server has parsed a statement. */
  has(name: string): boolean {
    return this.#prepared.has(name)
  }

  /** Returns whether Parse must be sent for a statement. If so, records that it was sent. */
  submit(name: string): boolean {
    if (name === '') return true
    if (this.#prepared.has(name) || this.#submitted.has(name)) return false
    this.#submitted.add(name)
    return true
  }

  /**
   * Records that the server has parsed a statement. The statement stays prepared even if its
   * execution or its transaction fails.
   */
  parsed(name: string): void {
    if (name === '') return
    this.#submitted.delete(name)
    this.#prepared.add(name)
  }

  /** Records that the server refused to parse a statement. */
  refused(name: string): void {
    this.#submitted.delete(name)
  }

  /** Returns whether the columns of a prepared statement are known. */
  isDescribed(name: string): boolean {
    return this.#columns.has(name)
  }

  columnsOf(name: string): Columns {
    return this.#columns.get(name)
  }

  /** Records the columns of a statement. They are frozen, because all its results share them. */
  describe(name: string, columns: Columns): void {
    if (name !== '') this.#columns.set(name, columns && frozen(columns))
  }
}

/** Freezes columns, and returns them. */
export function frozen(columns: readonly pg.FieldDef[]): readonly pg.FieldDef[] {
  for (const column of columns) Object.freeze(column)
  return Object.freeze(columns)
}

import type pg from 'pg'

/**
 * Progress of a statement that uses several transactions, such as CREATE INDEX CONCURRENTLY. If one
 * of them fails, the earlier ones stay committed.
 */
export type Progress = 'to do' | 'half done' | 'done'

/**
 * The way to complete a statement that runs outside of a transaction, from any state that an
 * earlier attempt has left.
 */
export interface Recovery {
  /** Reads the progress of the statement. */
  look(client: pg.ClientBase): Promise<Progress>
  /** Undoes or completes a half-done statement. */
  recover(client: pg.ClientBase): Promise<void>
  /** Description of the leftover of a half-done statement, for messages; `undefined` if unknown. */
  readonly leftover: string | undefined
  /** True if the statement may run again after it was done. `look` cannot detect that it was. */
  readonly isRepeatable: boolean
  /**
   * True if other statements do not queue behind it while it waits for a lock. Its lock timeout is
   * long then: a timeout could discard hours of work.
   */
  readonly waitsAlone: boolean
}

import type pg from 'pg'

/**
 * Progress of a statement that uses several transactions, such as CREATE INDEX CONCURRENTLY. If one
 * transaction fails, the earlier transactions stay committed.
 */
export type Progress = 'to do' | 'half done' | 'done'

/**
 * Completes a statement that runs outside of a transaction, from any state that an earlier attempt
 * left.
 */
export interface Recovery {
  /** Reads the progress of the statement. */
  look(client: pg.ClientBase): Promise<Progress>
  /** Undoes or completes an incomplete statement. */
  recover(client: pg.ClientBase): Promise<void>
  /** Description of an incomplete statement's leftovers, for messages; `undefined` if unknown. */
  readonly leftover: string | undefined
  /**
   * True if the statement may run again after it has succeeded, because `look` cannot detect its
   * success.
   */
  readonly isRepeatable: boolean
  /**
   * True if other statements do not queue behind this statement while it waits for a lock. Its lock
   * timeout is then long, because a timeout could discard hours of work.
   */
  readonly waitsAlone: boolean
}

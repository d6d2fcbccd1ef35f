import type pg from 'pg'

/**
 * How far a statement got that works in several transactions: CREATE INDEX CONCURRENTLY and its like. Where one of them fails, those
 * before it stay.
 */
export type Progress = 'to do' | 'half done' | 'done'

/** How a statement that runs outside of a transaction is brought to its end, whatever an earlier attempt has left. */
export interface Recovery {
  /** Looks how far the statement got. */
  look(client: pg.ClientBase): Promise<Progress>
  /** Undoes or completes what is half done. */
  recover(client: pg.ClientBase): Promise<void>
  /** What is left if it is half done, for a message; `undefined` if that is not known. */
  readonly leftover: string | undefined
  /** True if it may run again after it has been done, and `look` cannot tell that it has. */
  readonly isRepeatable: boolean
  /**
   * True if others do not queue behind it while it waits for a lock, so that it may wait long: giving up would throw away what may have
   * taken hours.
   */
  readonly waitsAlone: boolean
}

/**
 * A statement that records the last use of rows, such as sessions or API keys. Identifiers cannot
 * write, so the statement runs later, outside of the call, for all rows used in the meantime.
 */
export interface UseRecord {
  /**
   * Returns the statement that records the use of rows now. It must also succeed if rows no longer
   * exist.
   */
  readonly statement: (ids: readonly string[]) => {
    readonly text: string
    readonly values: readonly unknown[]
  }
}

/** Records that the row with this id is used now. */
export type RecordUse = (record: UseRecord, id: string) => void

/** Records nothing, for a service without a database. */
export const recordNothing: RecordUse = () => {}

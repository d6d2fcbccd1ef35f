import type { StatementClient } from '../../storage/postgres/statement/statement-client.ts'

/** A subject in one service. */
export interface SubjectInService {
  /** The stored form of the subject, as `subjectIdOf` returns it. */
  readonly subject: string
  readonly service: string
}

/** A page of a subject's rows, in the order of their ids. */
export interface SubjectPage extends SubjectInService {
  /** Only rows after this id. */
  readonly after: string
  /** Max number of rows. */
  readonly limit: number
}

/** A row of a subject. */
export interface FoundRow {
  readonly id: string
  /** The name of the job, or the event. Empty if the row is already gone. */
  readonly name: string
  /** The reason why the row cannot be erased now; `null` if the row can be erased. */
  readonly held: HoldReason | null
  /** Numbers of erased items, by kind. */
  readonly contents: ErasedCounts
}

/**
 * The reason why a row cannot be erased:
 * - `running`: an attempt is running.
 * - `waiting`: a job waits to run, or a webhook waits to be sent; `cancelWaiting` erases it.
 * - any other text: why the message is still needed, such as `not dispatched yet`.
 */
export type HoldReason = 'running' | 'waiting' | (string & Record<never, never>)

/** Number of erased rows, by kind. Kinds without rows are absent. */
export type ErasedCounts = Readonly<Record<string, number>>

/** One kind of row with subjects, with functions to find, export and erase such rows. */
export interface SubjectSource {
  /** The name of the kind in results. */
  readonly kind: string
  /** Finds a page of rows. */
  find(client: StatementClient, page: SubjectPage): Promise<readonly FoundRow[]>
  /** Reads complete rows. Omits rows that no longer exist. */
  read(client: StatementClient, of: SubjectInService, ids: readonly string[]): Promise<readonly object[]>
  /**
   * Erases rows and their subjects in the current transaction, and returns the number of erased
   * rows. Keeps rows that have become needed in the meantime.
   */
  erase(client: StatementClient, of: SubjectInService, rows: ErasedRows): Promise<ErasedCounts>
}

/** The rows to erase. */
export interface ErasedRows {
  readonly ids: readonly string[]
  /** True if waiting jobs and deliveries are cancelled. */
  readonly cancelsWaiting: boolean
}

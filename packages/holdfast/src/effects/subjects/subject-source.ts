import type { StatementClient } from '../../storage/postgres/statement/statement-client.ts'

/** A subject in one service. */
export interface SubjectInService {
  /** The stored form of the subject, as `subjectIdOf` returns it. */
  readonly subject: string
  readonly service: string
}

/** A page of the rows of a subject, in the order of their ids. */
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
  /** The reason why it cannot be erased now; `null` if it can. */
  readonly held: HoldReason | null
  /** Numbers of erased items, by kind. */
  readonly contents: ErasedCounts
}

/**
 * The reason why a row cannot be erased:
 * - `running`: an attempt is running.
 * - `waiting`: it waits to run or to be sent; `cancelWaiting` erases it.
 * - any other text: the message is still needed, and by what.
 */
export type HoldReason = 'running' | 'waiting' | (string & Record<never, never>)

/** The numbers of erased rows, by kind. Kinds without a row are absent. */
export type ErasedCounts = Readonly<Record<string, number>>

/** Rows of one kind that have subjects: how they are found, exported and erased. */
export interface SubjectSource {
  /** The kind of its rows, for people and programs. */
  readonly kind: string
  /** Finds a page of rows. */
  find(client: StatementClient, page: SubjectPage): Promise<readonly FoundRow[]>
  /** Reads rows in full. Rows that are gone are absent. */
  read(client: StatementClient, of: SubjectInService, ids: readonly string[]): Promise<readonly object[]>
  /**
   * Erases rows in the current transaction, with their subjects, and returns what it has erased. A
   * row that is needed again since it was found is left.
   */
  erase(client: StatementClient, of: SubjectInService, rows: ErasedRows): Promise<ErasedCounts>
}

/** The rows to erase. */
export interface ErasedRows {
  readonly ids: readonly string[]
  /** True if jobs and deliveries that wait are cancelled. */
  readonly cancelsWaiting: boolean
}

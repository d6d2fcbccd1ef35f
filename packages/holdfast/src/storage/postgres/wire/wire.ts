import type { OutgoingStatement } from './outgoing-statement.ts'

/**
 * The implementation of the protocol for statements: `'pg'` is the driver's, `'holdfast'` is the
 * framework's own.
 */
export type WireName = 'holdfast' | 'pg'

/** Carries the statements of one session to its server, and their results back. */
export interface Wire {
  /**
   * `'I'` outside of a transaction, `'T'` in a transaction, `'E'` in a failed transaction; `null`
   * if unknown.
   */
  readonly transactionStatus: string | null
  /** Returns whether the session has prepared a statement under a name. */
  hasPrepared(name: string): boolean
  /** Sends a statement. Its receiver is called later, never before this function returns. */
  send(statement: OutgoingStatement): void
  /**
   * Sends, as one group, the statements that `begin` sends: a single Sync follows the last
   * statement. If one of them fails, the server skips the statements after it, which fail with
   * `StatementSkipped`.
   *
   * Outside of a transaction block, a group is one implicit transaction.
   */
  group<T>(begin: () => T): T
  /** Sends, in one system call, everything that `begin` sends. */
  together<T>(begin: () => T): T
}

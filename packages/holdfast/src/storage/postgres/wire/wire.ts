import type { OutgoingStatement } from './outgoing-statement.ts'

/** Carries the statements of one session to its server, and their results back. */
export interface Wire {
  /**
   * `'I'` outside of a transaction, `'T'` in a transaction, `'E'` in a failed transaction; `null`
   * if unknown.
   */
  readonly transactionStatus: string | null
  /** Returns whether the session has prepared a statement under a name. */
  hasPrepared(name: string): boolean
  /** Sends a statement. Its receiver is called later, never before this returns. */
  send(statement: OutgoingStatement): void
  /**
   * Sends the statements that `begin` sends as one group, with a single Sync at its end. If one of
   * them fails, the server skips the rest of the group: they fail with `StatementSkipped`.
   *
   * Outside of a transaction block, a group is one implicit transaction.
   */
  group<T>(begin: () => T): T
  /** Sends everything that `begin` sends in one system call. */
  together<T>(begin: () => T): T
}

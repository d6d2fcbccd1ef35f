/** A transaction with a running handler. */
export interface HandledTransaction {
  /** The name of the mutation or job. */
  readonly operation: string
  /** Returns true if the transaction is open. Default: it is open while the handler runs. */
  readonly isOpen?: () => boolean
}

/** Detects calls to third parties during an open transaction, which a rollback would not undo. */
export interface ExternalCallWatch {
  /** Runs the handler of a transaction; all calls within it are attributed to that transaction. */
  within<T>(transaction: HandledTransaction, handler: () => T | Promise<T>): T | Promise<T>
}

/** Detects nothing; used in production. */
export const noopExternalCallWatch: ExternalCallWatch = { within: (_transaction, handler) => handler() }

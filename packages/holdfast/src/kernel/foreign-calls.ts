/** A transaction whose handler runs. */
export interface HandledTransaction {
  /** The name of the mutation or job. */
  readonly operation: string
  /** Whether it is open. Default: as long as its handler runs. */
  readonly isOpen?: () => boolean
}

/** Notices calls to third parties that are made while a transaction is open: a rollback does not undo them. */
export interface ForeignCallWatch {
  /** Runs the handler of a transaction; whatever is called anywhere within it is its own. */
  within<T>(transaction: HandledTransaction, handler: () => T | Promise<T>): T | Promise<T>
}

/** Notices nothing, as in production. */
export const noForeignCallWatch: ForeignCallWatch = { within: (_transaction, handler) => handler() }

import { beginStatement } from '../queries/begin-transaction.ts'
import type { StatementClient } from '../statement/statement-client.ts'

interface PoolLike extends StatementClient {
  readonly totalCount: number
  connect(): Promise<StatementClient & { release(isDestroyed: boolean): void }>
}

interface ClientLike extends StatementClient {
  /** Transaction status as the server reports it; `'I'` (idle) outside of a transaction. */
  getTransactionStatus(): string | null
}

/**
 * Runs work of an administrator in one transaction: the client's current transaction, or a new one
 * if the client is not in a transaction. {@link Transaction} cannot be used here: it needs a
 * service's pool, but this pool or client belongs to a script, a test or the command line.
 */
export async function inTransaction<T>(
  client: StatementClient,
  work: (client: StatementClient) => Promise<T>,
): Promise<T> {
  if (isPool(client)) {
    const own = await client.connect()
    try {
      return await inTransaction(own, work)
    } finally {
      // If the rollback got no answer, the transaction is still open and the connection must be
      // closed.
      own.release(isInTransaction(own))
    }
  }
  return isInTransaction(client) ? work(client) : transact(client, work)
}

async function transact<T>(
  client: StatementClient,
  work: (client: StatementClient) => Promise<T>,
): Promise<T> {
  await client.query(begin)
  try {
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    // If the rollback fails too, the connection is lost and its transaction has ended. The first
    // error is thrown.
    await client.query('rollback').catch(() => {})
    throw error
  }
}

// The isolation level and the limits are stated, because the role or the database may have
// different defaults. All are sent in one message, because an idle timeout could end the
// transaction between two messages. The lock timeout is the shortest, so that an administrator who
// waits for a lock gets the error of that timeout.
const begin = `${beginStatement('read committed').text};
  set local lock_timeout = '10s';
  set local statement_timeout = '60s';
  set local idle_in_transaction_session_timeout = '60s'`

function isPool(client: StatementClient): client is PoolLike {
  return 'totalCount' in client && 'connect' in client
}

function isInTransaction(client: StatementClient): boolean {
  // A client without `getTransactionStatus` is a handler's transaction.
  return !('getTransactionStatus' in client) || (client as ClientLike).getTransactionStatus() !== 'I'
}

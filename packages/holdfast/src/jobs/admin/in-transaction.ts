import type { StatementClient } from '../../postgres/statement-client.ts'

interface PoolLike extends StatementClient {
  readonly totalCount: number
  connect(): Promise<StatementClient & { release(): void }>
}

interface ClientLike extends StatementClient {
  /** `'I'` where it is in no transaction, as the server says it. */
  getTransactionStatus(): string | null
}

/** Does work whose statements belong together in one transaction: that which the client is in, or one of its own. */
export async function inTransaction<T>(
  client: StatementClient,
  work: (client: StatementClient) => Promise<T>,
): Promise<T> {
  if (isPool(client)) {
    const own = await client.connect()
    try {
      return await inTransaction(own, work)
    } finally {
      own.release()
    }
  }
  return isInTransaction(client) ? work(client) : transact(client, work)
}

async function transact<T>(
  client: StatementClient,
  work: (client: StatementClient) => Promise<T>,
): Promise<T> {
  await client.query('begin')
  try {
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    // Where this fails too, the connection is gone and its transaction with it; what went wrong first is thrown.
    await client.query('rollback').catch(() => {})
    throw error
  }
}

function isPool(client: StatementClient): client is PoolLike {
  return 'totalCount' in client && 'connect' in client
}

function isInTransaction(client: StatementClient): boolean {
  // The transaction of a handler has no other way to be used.
  return !('getTransactionStatus' in client) || (client as ClientLike).getTransactionStatus() !== 'I'
}

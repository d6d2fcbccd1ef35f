import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Logger } from '../kernel/log.ts'
import { connectClient } from '../postgres/connect-client.ts'
import { isPooled } from '../postgres/is-pooled.ts'
import type { Location } from './location.ts'

/**
 * Finds out whether the database is reached through a pooler, and says what does not work then.
 *
 * @throws HoldfastError `configuration-invalid` where what is to be a direct way leads through a pooler too; `database-unreachable`.
 */
export async function findPooler(
  { connectionString, directConnectionString }: Location,
  log: Logger,
): Promise<boolean> {
  if (!(await leadsToPooler(connectionString))) return false
  if (directConnectionString === undefined) {
    log.warn(
      'the database is reached through a connection pooler, and DATABASE_DIRECT_URL is not set: migrations cannot be applied, and what other processes enqueue or publish is looked for once a second rather than at once',
    )
    return true
  }
  if (await leadsToPooler(directConnectionString)) {
    throw new HoldfastError(
      'configuration-invalid',
      'DATABASE_DIRECT_URL leads to a connection pooler, as DATABASE_URL does. It has to lead to Postgres itself: its host and port are those of the server.',
    )
  }
  return true
}

async function leadsToPooler(connectionString: string): Promise<boolean> {
  const client = await connectClient({ connectionString, applicationName: 'holdfast (start)' })
  try {
    return await isPooled(client)
  } finally {
    await client.end()
  }
}

import type { Background } from '../../../kernel/background/background.ts'
import { limitedWork } from '../../../kernel/host/work.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { registerNames } from '../queries/enqueue.ts'

const limitMs = 30_000

/**
 * Registers the job names of a service, so that CLI commands can find the service that declares a
 * name.
 */
export async function registerJobNames(
  service: string,
  { jobs, consumers }: Background,
  pool: Pool,
): Promise<void> {
  const names = [...jobs.keys(), ...consumers.map(({ name }) => `consumer:${name}`)]
  if (names.length === 0) return
  await withConnection(pool, limitedWork(limitMs), (connection) =>
    connection.run(registerNames(service, names)),
  )
}

import type { DriverClient } from './driver-client.ts'

/**
 * Whether a pooler, such as PgBouncer, stands between a client and the server: then the process that runs its statements is not the one that
 * the client was told to name when it wants them to be cancelled.
 */
export async function isPooled(client: Pick<DriverClient, 'query' | 'processID'>): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]!.pid !== client.processID
}

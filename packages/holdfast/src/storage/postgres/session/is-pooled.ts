import type { DriverClient } from './driver-client.ts'

/**
 * Returns whether the client is connected through a pooler such as PgBouncer. If so, the process ID
 * that the client received for cancel requests differs from that of the backend that runs its
 * statements.
 */
export async function isPooled(client: Pick<DriverClient, 'query' | 'processID'>): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]!.pid !== client.processID
}

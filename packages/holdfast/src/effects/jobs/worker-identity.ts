import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import { forgetWorker, registerWorker } from './queries/workers.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'

// A worker cannot start without its registration, so an overloaded server gets a long time to
// respond.
const registerMs = 30_000
const leaveMs = 4_000

/** The registration of a worker. */
export interface WorkerIdentity {
  readonly id: string
  /** Removes the registration. */
  leave(): Promise<void>
}

/** Registers a worker, so that other processes can see that it is alive. */
export async function registerIdentity(pool: Pool, service: string): Promise<WorkerIdentity> {
  const id = randomUUID()
  const run = async (statement: Statement, limitMs: number): Promise<void> =>
    withConnection(pool, limitedWork(limitMs), async (connection) => {
      await connection.run(statement)
    })
  await run(registerWorker(id, { service, host: hostname(), pid: process.pid }), registerMs)
  return {
    id,
    leave: () => run(forgetWorker(id), leaveMs),
  }
}

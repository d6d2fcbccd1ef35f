import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Statement } from '../postgres/statement.ts'
import { beat, forgetWorker, registerWorker } from './queries/beat.ts'
import { withConnection } from '../postgres/with-connection.ts'

const patienceMs = 4_000

/** Under what name a process works on jobs, and that it lives. */
export interface WorkerIdentity {
  readonly id: string
  /** Says that it lives; gives false where it has been declared dead, and its jobs are others'. */
  beat(): Promise<boolean>
  /** Takes it off the list. */
  leave(): Promise<void>
}

/** Makes a worker known to the others. */
export async function registerIdentity(pool: Pool): Promise<WorkerIdentity> {
  const id = randomUUID()
  const run = (statement: Statement): Promise<number> =>
    withConnection(
      pool,
      ownWork(AbortSignal.timeout(patienceMs)),
      async (connection) => (await connection.run(statement)).rowCount ?? 0,
    )
  await run(registerWorker(id, hostname(), process.pid))
  return {
    id,
    beat: async () => (await run(beat(id))) > 0,
    async leave() {
      await run(forgetWorker(id))
    },
  }
}

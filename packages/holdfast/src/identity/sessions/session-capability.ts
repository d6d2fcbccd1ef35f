import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type {
  CapabilityHost,
  DatabaseCapability,
  WorkerHost,
  WorkerPart,
} from '../../storage/capability/database-capability.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { sessionMigrations } from './migrations.ts'
import { deleteExpired } from './queries/sessions.ts'

/** The capability of sessions: their table, and the deletion of expired sessions. */
export const sessionsCapability: DatabaseCapability<CapabilityHost> = {
  migrations: sessionMigrations,
  open: (host) => ({ workerPart: () => new SessionsWorkerPart(host) }),
}

const everyMs = 10 * 60_000
const pageSize = 5_000
const limitMs = 30_000

/** Deletes expired sessions. Runs in the leader of a service. */
class SessionsWorkerPart implements WorkerPart {
  readonly #host: CapabilityHost
  #task: RecurringTask | undefined

  constructor(host: CapabilityHost) {
    this.#host = host
  }

  start({ leads }: WorkerHost): void {
    const { pools, clock, log } = this.#host
    this.#task = startRecurringTask({
      failure: 'deleting expired sessions failed',
      clock,
      log,
      everyMs,
      async work(stopping) {
        if (!leads()) return undefined
        const { rowCount } = await withConnection(pools.own, limitedWork(limitMs, stopping), (connection) =>
          connection.run(deleteExpired(pageSize)),
        )
        return rowCount === pageSize ? 1_000 : undefined
      },
    })
  }

  async stop(): Promise<readonly string[]> {
    await this.#task?.stop()
    return []
  }
}

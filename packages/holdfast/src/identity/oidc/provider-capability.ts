import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type {
  CapabilityHost,
  DatabaseCapability,
  WorkerHost,
  WorkerPart,
} from '../../storage/capability/database-capability.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { identityProviderMigrations } from './migrations.ts'
import { deleteExpiredBegun } from './queries/begun-sign-ins.ts'
import { deleteExpiredUnverified } from './queries/unverified-identities.ts'

/** The capability of providers: their tables, and the deletion of what expired. */
export const providersCapability: DatabaseCapability<CapabilityHost> = {
  migrations: identityProviderMigrations,
  open: (host) => ({ workerPart: () => new ProvidersWorkerPart(host) }),
}

const everyMs = 10 * 60_000
const pageSize = 5_000
const limitMs = 30_000

/**
 * Deletes sign-ins that were not completed, and identities that were not verified. Runs in the
 * leader of a service.
 */
class ProvidersWorkerPart implements WorkerPart {
  readonly #host: CapabilityHost
  #task: RecurringTask | undefined

  constructor(host: CapabilityHost) {
    this.#host = host
  }

  start({ leads }: WorkerHost): void {
    const { pools, clock, log } = this.#host
    this.#task = startRecurringTask({
      failure: 'deleting sign-ins with providers that were not completed failed',
      clock,
      log,
      everyMs,
      async work(stopping) {
        if (!leads()) return undefined
        return withConnection(pools.own, limitedWork(limitMs, stopping), async (connection) => {
          const begun = await connection.run(deleteExpiredBegun(pageSize))
          const unverified = await connection.run(deleteExpiredUnverified(pageSize))
          return Math.max(begun.rowCount ?? 0, unverified.rowCount ?? 0) === pageSize ? 1_000 : undefined
        })
      },
    })
  }

  async stop(): Promise<readonly string[]> {
    await this.#task?.stop()
    return []
  }
}

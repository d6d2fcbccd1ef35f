import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type {
  CapabilityHost,
  DatabaseCapability,
  WorkerHost,
  WorkerPart,
} from '../../storage/capability/database-capability.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { accountMigrations } from './migrations.ts'
import { deleteEndedFailures } from './queries/failures.ts'
import { deleteExpiredSignIns } from './queries/pending-sign-ins.ts'
import { deleteExpiredTokens } from './queries/tokens.ts'

/** The capability of accounts: their tables, and the deletion of what expired. */
export const accountsCapability: DatabaseCapability<CapabilityHost> = {
  migrations: accountMigrations,
  open: (host) => ({ workerPart: () => new AccountsWorkerPart(host) }),
}

const everyMs = 10 * 60_000
const pageSize = 5_000
const limitMs = 30_000

/** Deletes expired tokens and counts. Runs in the leader of a service. */
class AccountsWorkerPart implements WorkerPart {
  readonly #host: CapabilityHost
  #task: RecurringTask | undefined

  constructor(host: CapabilityHost) {
    this.#host = host
  }

  start({ leads }: WorkerHost): void {
    const { pools, clock, log } = this.#host
    this.#task = startRecurringTask({
      failure: 'deleting expired tokens of accounts failed',
      clock,
      log,
      everyMs,
      async work(stopping) {
        if (!leads()) return undefined
        return withConnection(pools.own, limitedWork(limitMs, stopping), async (connection) => {
          const tokens = await connection.run(deleteExpiredTokens(pageSize))
          const failures = await connection.run(deleteEndedFailures(pageSize))
          const signIns = await connection.run(deleteExpiredSignIns(pageSize))
          const deleted = [tokens, failures, signIns].map(({ rowCount }) => rowCount ?? 0)
          return deleted.includes(pageSize) ? 1_000 : undefined
        })
      },
    })
  }

  async stop(): Promise<readonly string[]> {
    await this.#task?.stop()
    return []
  }
}

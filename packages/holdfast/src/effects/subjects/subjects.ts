import type { RecurringTask } from '../../kernel/base/recurring-task.ts'
import type {
  CapabilityHost,
  DatabaseCapability,
  WorkerHost,
  WorkerPart,
} from '../../storage/capability/database-capability.ts'
import { subjectMigrations } from './migrations.ts'
import { startOrphanSweep } from './sweep-orphans.ts'

/** The subjects capability. Other capabilities write the subjects of their rows. */
export const subjectsCapability: DatabaseCapability<CapabilityHost> = {
  migrations: subjectMigrations,
  open: (host) => ({ workerPart: () => new SubjectsWorkerPart(host) }),
}

/** Deletes orphaned subjects, which have no row. Runs in the leader of a service. */
class SubjectsWorkerPart implements WorkerPart {
  readonly #host: CapabilityHost
  #sweep: RecurringTask | undefined

  constructor(host: CapabilityHost) {
    this.#host = host
  }

  start({ leads }: WorkerHost): void {
    const { pools, clock, log } = this.#host
    this.#sweep = startOrphanSweep({ pool: pools.own, clock, log, isResponsible: leads })
  }

  async stop(): Promise<readonly string[]> {
    await this.#sweep?.stop()
    return []
  }
}

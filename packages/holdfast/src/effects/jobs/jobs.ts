import type {
  CapabilityHost,
  DatabaseCapability,
  OpenCapability,
} from '../../storage/capability/database-capability.ts'
import type { OpenPool } from '../../storage/postgres/pool/open-pool.ts'
import type { BoundTransaction, HandlerSession } from '../../storage/postgres/transaction/handler-session.ts'
import { registerJobNames } from './enqueue/register-names.ts'
import { TransactionJobs } from './enqueue/transaction-jobs.ts'
import type { Waker } from '../wakes/waker.ts'
import type { HeartbeatTarget } from './heartbeat/heartbeat-connection.ts'
import type { JobEngine } from './job-engine.ts'
import { JobsWorkerPart } from './jobs-worker-part.ts'
import { leaderMigration } from './leadership/leader-migration.ts'
import { jobMigrations } from './migrations.ts'

/** The options of jobs. */
export interface JobsOptions {
  /**
   * A job engine that runs the jobs in place of the Postgres engine, such as `bullmqJobs({ … })`.
   * Default: the Postgres engine.
   */
  readonly jobEngine?: JobEngine
}

/** The parts of an open database that jobs need. */
export interface JobsHost extends CapabilityHost {
  readonly options: JobsOptions
  /** Binds a transaction for a handler. */
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly waker: Waker
  readonly openPool: OpenPool
  /**
   * Reserves a connection of the connection budget for heartbeats. Returns a function that releases
   * it again.
   */
  readonly reserveHeartbeat: () => () => void
  readonly heartbeatTarget: HeartbeatTarget
}

/** The jobs and schedules of a service. */
export const jobsCapability: DatabaseCapability<JobsHost> = {
  migrations: [...jobMigrations, leaderMigration],
  effects: ({ service, waker }) => {
    const parts = { service, waker }
    return { jobs: (session) => new TransactionJobs(session, parts) }
  },
  open: openJobs,
}

function openJobs(host: JobsHost): OpenCapability {
  return {
    register: (background) => registerJobNames(host.service, background, host.pools.write),
    workerPart: (workload, options) => new JobsWorkerPart(host, { workload, ...options }),
  }
}

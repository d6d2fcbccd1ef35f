import type { Worker } from '../../kernel/background/background.ts'
import type { JobType } from '../../kernel/background/job-type.ts'
import type { EngineParts } from './engine.ts'

/** Dependencies of a job engine. Schedules stay with Postgres and enqueue jobs for every engine. */
export type JobEngineParts = Omit<EngineParts, 'schedules' | 'heartbeatTarget'>

/**
 * The interface of an engine that runs jobs in place of the Postgres engine; `bullmqJobs(…)`
 * implements it. The row of a job remains the source of truth. An engine finds ready jobs in the
 * table, and ends each job with one update of its row, in the transaction of the job's effects.
 */
export interface JobEngine {
  /** Name of the engine for messages, such as `'bullmq'`. */
  readonly name: string
  /** Returns whether this engine runs a job. All other jobs stay with Postgres. */
  takes(job: JobType): boolean
  /**
   * Starts the given jobs, and runs them until `stop` is called. `start` is called once. The
   * engine's own services may be unreachable at the start or later.
   *
   * @throws HoldfastError `service-invalid` if a job needs a feature that the engine does not
   * support.
   */
  start(parts: JobEngineParts): Promise<Worker>
}

import type { Worker } from '../kernel/background.ts'
import type { JobType } from '../kernel/job-type.ts'
import type { EngineParts } from './engine.ts'

/** What jobs are worked on with; schedules stay with Postgres, and enqueue for every engine. */
export type JobEngineParts = Omit<EngineParts, 'schedules' | 'beatTarget'>

/**
 * What runs jobs in place of the engine on Postgres: the port that `bullmqJobs(…)` implements. The row of a job stays the record of it: an
 * engine finds what is ready there, and ends each job by one update of its row, in the transaction of the job's effects.
 */
export interface JobEngine {
  /** What it is, for messages: `'bullmq'`. */
  readonly name: string
  /** Whether a job is its own; the others stay with Postgres. */
  takes(job: JobType): boolean
  /**
   * Works on jobs, all of which it takes, until it is stopped, which happens once. What it works with may be away at first, and at any time.
   *
   * @throws HoldfastError `service-invalid` where a job asks for what it cannot promise.
   */
  start(parts: JobEngineParts): Promise<Worker>
}

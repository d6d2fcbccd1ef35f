import type { Job as BullMqJob, Worker } from 'bullmq'
import type { Redis, RedisOptions } from 'ioredis'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { Json } from '../../kernel/base/json.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { jobCancelled, jobLost } from '../../effects/jobs/attempt/abort-reasons.ts'
import { AttemptRunner } from '../../effects/jobs/attempt/attempt-runner.ts'
import type { JobEngineParts } from '../../effects/jobs/job-engine.ts'
import type { ClaimedRow } from '../../effects/jobs/queries/claim.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { JobRecords } from './job-records.ts'
import type { BegunRow } from './queries/job-records.ts'
import type { QueuePlan } from './queue-plan.ts'
import { closeQueueWorker, openQueueWorker, redisRetryMs } from './queue-worker.ts'
import { openRedis } from './redis-client.ts'
import { type JobRunEnd, runJob } from './run-job.ts'

/** Dependencies of {@link BullMqWorker}. */
export interface BullMqWorkerParts extends Pick<
  JobEngineParts,
  'service' | 'jobs' | 'settings' | 'bind' | 'clock' | 'log' | 'telemetry' | 'externalCalls'
> {
  /** Connections for the transactions of jobs. */
  readonly pool: Pool
  /** Connections for the worker's own statements. */
  readonly control: Pool
  readonly connection: string | RedisOptions
  readonly prefix: string | undefined
  readonly plan: QueuePlan
  /** Time after which a BullMQ lock expires unless it is renewed, in milliseconds. */
  readonly lockMs: number
}

const lookEveryMs = 1_000
const unknownPauseMs = 5_000

/**
 * Runs the jobs that BullMQ delivers. BullMQ decides when to attempt a job. The row of the job in
 * the database decides whether the attempt may run, and stores its outcome.
 */
export class BullMqWorker {
  readonly #parts: BullMqWorkerParts
  readonly #records: JobRecords
  readonly #attempts: AttemptRunner
  readonly #client: Redis
  readonly #workers: readonly Worker[]
  readonly #looking: RecurringTask
  #isStopping = false

  /** Starts to run jobs. Redis need not be reachable: the worker waits for it. */
  constructor(parts: BullMqWorkerParts) {
    const { service, control, bind, clock, log, telemetry, externalCalls, connection } = parts
    this.#parts = parts
    this.#records = new JobRecords(control)
    this.#attempts = new AttemptRunner({
      service,
      control,
      bind,
      clock,
      log,
      telemetry,
      externalCalls,
      // BullMQ has locks instead of a lease. If another process runs the same job, only one of the
      // two attempts commits.
      holdsLease: () => true,
    })
    this.#client = openRedis(connection, { maxRetriesPerRequest: null })
    // Each failed command is reported, so a lost connection is logged only at debug.
    this.#client.on('error', (error) =>
      log.debug({ reason: error.message }, 'Redis connection of the jobs failed'),
    )
    this.#workers = this.#openWorkers(parts)
    this.#looking = startRecurringTask({
      failure: 'polling for cancelled jobs failed',
      clock,
      log,
      everyMs: lookEveryMs,
      work: () => this.#endCancelled(),
    })
  }

  #openWorkers({ plan, prefix, lockMs, log }: BullMqWorkerParts): readonly Worker[] {
    const shared = {
      client: this.#client,
      prefix,
      lockMs,
      log,
      run: (given: BullMqJob) => this.#begin(given),
      onLocksLost: (ids: readonly string[]) => this.#lose(ids),
    }
    return plan.queues.map((queue) => openQueueWorker(queue, shared))
  }

  async #begin(given: BullMqJob): Promise<JobRunEnd> {
    const { jobs, log } = this.#parts
    const job = jobs.get(given.name)
    // This version does not define the job, but a process of a different version may define it.
    if (!job) return { ...again, outcome: 'failed', delayMs: unknownPauseMs }
    let row: BegunRow | undefined
    try {
      row = await this.#records.begin(given.id!)
    } catch (error) {
      log.debug({ error: toLogFields(error) }, 'could not read a job; will retry')
      return { ...again, outcome: 'failed', delayMs: redisRetryMs, error }
    }
    if (!row) return { ...again, outcome: 'lost', next: 'over' }
    if (this.#isStopping) return { ...again, outcome: 'released' }
    return this.#run(given, job, row)
  }

  async #run(given: BullMqJob, job: Job, row: BegunRow): Promise<JobRunEnd> {
    const { pool, settings } = this.#parts
    const parts = {
      settings,
      records: this.#records,
      keepProgress: (_scope: unknown, value: string) => this.#keepProgress(given, value),
    }
    let end: JobRunEnd = { ...again, outcome: 'lost', delayMs: redisRetryMs }
    await this.#attempts.run({ job, row: claimedRow(given, job, row), pool }, async (scope) => {
      end = await runJob(scope, parts)
      return end.outcome
    })
    return end
  }

  #keepProgress(given: BullMqJob, value: string): void {
    given
      .updateProgress(JSON.parse(value) as Exclude<Json, readonly unknown[] | null>)
      .catch((error: unknown) =>
        this.#parts.log.debug({ error: toLogFields(error) }, 'could not store the progress of a job'),
      )
  }

  /** Aborts attempts whose job has lost its lock, because BullMQ may deliver the job again. */
  #lose(ids: readonly string[]): void {
    for (const { row, deadline } of this.#attempts.scopes) if (ids.includes(row.id)) deadline.cancel(jobLost)
  }

  /** Aborts attempts whose jobs have ended: they were cancelled, or run by another process. */
  async #endCancelled(): Promise<undefined> {
    const { scopes } = this.#attempts
    if (scopes.length === 0) return
    const over = await this.#records.findOver(scopes.map(({ row }) => row.id))
    const cancelled = new Map(over.map(({ id, is_cancelled: isCancelled }) => [id, isCancelled]))
    for (const { row, deadline } of this.#attempts.scopes) {
      const isCancelled = cancelled.get(row.id)
      if (isCancelled !== undefined) deadline.cancel(isCancelled ? jobCancelled : jobLost)
    }
  }

  /**
   * Stops taking jobs, waits up to `limitMs` milliseconds for running jobs, and then releases the
   * rest. Resolves to the ids of the released jobs.
   */
  async stop(limitMs: number): Promise<readonly string[]> {
    this.#isStopping = true
    const endMs = performance.now() + limitMs
    await Promise.all(this.#workers.map((worker) => worker.pause(true)))
    await this.#attempts.stop(endMs - performance.now())
    await this.#looking.stop()
    await Promise.all(this.#workers.map((worker) => closeQueueWorker(worker, this.#parts.log)))
    this.#client.disconnect()
    this.#attempts.close()
    return this.#attempts.released
  }
}

/** The outcome of a job that was not attempted: BullMQ delivers it again immediately. */
const again = { next: 'again', delayMs: 0, isFailure: false, error: undefined } as const

/** Converts the row of a job to the form in which a Postgres worker receives a claimed job. */
function claimedRow(
  { attemptsStarted, stalledCounter }: BullMqJob,
  { name }: Job,
  row: BegunRow,
): ClaimedRow {
  return {
    ...row,
    name,
    claim: attemptsStarted,
    // An attempt whose process died has stored nothing, but BullMQ has counted it as stalled.
    failures: row.failures + stalledCounter,
    // BullMQ counts all attempts that have started. An attempt that neither failed nor stalled was
    // snoozed or released.
    snoozes: Math.max(0, attemptsStarted - 1 - row.failures - stalledCounter),
    priority: 0,
    seq: 0,
    lost_claims: 0,
    limit_key: null,
    share_key: null,
    has_slot: false,
  }
}

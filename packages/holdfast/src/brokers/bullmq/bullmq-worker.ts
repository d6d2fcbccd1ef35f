import { DelayedError, type Job as BullMqJob, UnrecoverableError, WaitingError, Worker } from 'bullmq'
import type { RedisOptions } from 'ioredis'
import { abortable } from '../../kernel/base/cancellation.ts'
import { startRecurringTask } from '../../kernel/base/recurring-task.ts'
import type { Job } from '../../kernel/background/job.ts'
import type { Json } from '../../kernel/base/json.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { allSettledWithin } from '../../effects/jobs/attempt/all-settled-within.ts'
import type { AttemptScope } from '../../effects/jobs/attempt/attempt-scope.ts'
import type { JobEngineParts } from '../../effects/jobs/job-engine.ts'
import { jobCancelled, jobLost, workerStopping } from '../../effects/jobs/attempt/abort-reasons.ts'
import { observeJobs } from '../../effects/jobs/attempt/observe-jobs.ts'
import { openAttempt } from '../../effects/jobs/attempt/open-attempt.ts'
import type { ClaimedRow } from '../../effects/jobs/queries/claim.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { JobRecords } from './job-records.ts'
import type { BegunRow } from './queries/begin-jobs.ts'
import type { PlannedQueue, QueuePlan } from './queue-plan.ts'
import { openRedis } from './redis-client.ts'
import { runJob, type RunParts, type JobRunEnd } from './run-job.ts'

/** Dependencies of {@link startBullMqWorker}. */
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
  /** How long a BullMQ lock is valid without renewal, in milliseconds. */
  readonly lockMs: number
}

/** Runs the jobs that BullMQ hands out. */
export interface BullMqWorker {
  /**
   * Stops taking jobs, waits up to `limitMs` for running ones, then releases the rest. Resolves to
   * the ids of the released jobs.
   */
  stop(limitMs: number): Promise<readonly string[]>
}

interface Running {
  readonly scope: AttemptScope
  readonly ended: Promise<unknown>
}

/** Thrown to BullMQ for a failed attempt that is followed by another. */
class TryAgain extends Error {
  override readonly name = 'TryAgain'
  readonly delayMs: number

  constructor({ error, delayMs }: JobRunEnd) {
    super(messageOf(error), { cause: error })
    this.delayMs = delayMs
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const lookEveryMs = 1_000
const redisRetryMs = 1_000
const unknownPauseMs = 5_000
const minReportMs = 1_000
const closeLimitMs = 2_000

/** Starts to run jobs. Redis need not be reachable: the worker waits for it. */
export function startBullMqWorker(parts: BullMqWorkerParts): BullMqWorker {
  const { jobs, clock, log, telemetry } = parts
  const running = new Set<Running>()
  const released: string[] = []
  const closing = new AbortController()
  const records = new JobRecords(parts.control)
  const observer = observeJobs(telemetry, () => running.size)
  const client = openRedis(parts.connection, { maxRetriesPerRequest: null })
  let isStopping = false
  // Commands report their own failures; a reconnect is not worth a warning.
  client.on('error', (error) => log.debug({ reason: error.message }, 'Redis connection of the jobs failed'))
  // BullMQ expects whole milliseconds.
  const lookMs = Math.ceil(parts.lockMs / 3)
  const workers = parts.plan.queues.map((queue) => openWorker(queue))

  function openWorker({ name, concurrency, limiter }: PlannedQueue): Worker {
    const worker = new Worker(name, (job, token) => process(job, token!), {
      connection: client,
      ...(parts.prefix === undefined ? {} : { prefix: parts.prefix }),
      concurrency,
      ...(limiter ? { limiter } : {}),
      lockDuration: parts.lockMs,
      lockRenewTime: lookMs,
      stalledInterval: lookMs,
      // Stalled jobs count as failed attempts here, so BullMQ's own limit is disabled.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: redisRetryMs,
      settings: {
        backoffStrategy: (_tries, _type, error) =>
          error instanceof TryAgain ? Math.round(error.delayMs) : redisRetryMs,
      },
    })
    worker.on('error', (error) => {
      const fields = { queue: name, reason: error.message }
      // While Redis is unreachable, the errors repeat and add nothing.
      if (client.status === 'ready') log.warn(fields, 'BullMQ reported an error; it retries')
      else log.debug(fields, 'BullMQ reported an error while Redis was unreachable')
    })
    worker.on('lockRenewalFailed', (ids) => {
      for (const { scope } of running) if (ids.includes(scope.row.id)) scope.deadline.cancel(jobLost)
    })
    return worker
  }

  /** Runs a job and reports the outcome to BullMQ. */
  async function process(given: BullMqJob, token: string): Promise<void> {
    // The row of the job decides whether there is another attempt, not BullMQ.
    given.opts.attempts = Number.MAX_SAFE_INTEGER
    const end = await begin(given)
    switch (end.next) {
      case 'over':
        return
      case 'dead':
        throw new UnrecoverableError(messageOf(end.error))
      case 'again':
        if (end.isFailure) throw new TryAgain(end)
        if (end.outcome === 'released') {
          await given.moveToWait(token)
          throw new WaitingError()
        }
        await given.moveToDelayed(Date.now() + Math.round(end.delayMs), token)
        throw new DelayedError()
    }
  }

  async function begin(given: BullMqJob): Promise<JobRunEnd> {
    const back = { next: 'again', delayMs: 0, isFailure: false } as const
    const job = jobs.get(given.name)
    // A process of another version may have this job.
    if (!job) return { ...back, outcome: 'failed', delayMs: unknownPauseMs, error: undefined }
    let row: BegunRow | undefined
    try {
      row = await records.begin(given.id!)
    } catch (error) {
      log.debug({ error: toLogFields(error) }, 'reading a job failed; will retry')
      return { ...back, outcome: 'failed', delayMs: redisRetryMs, error }
    }
    if (!row) return { ...back, outcome: 'lost', next: 'over', error: undefined }
    if (isStopping) return { ...back, outcome: 'released', error: undefined }
    return run(job, given, row)
  }

  async function run(job: Job, given: BullMqJob, row: BegunRow): Promise<JobRunEnd> {
    const claimed: ClaimedRow = {
      ...row,
      name: job.name,
      claim: given.attemptsStarted,
      // An attempt whose process died has stored nothing, but BullMQ has counted it as stalled.
      failures: row.failures + given.stalledCounter,
      // BullMQ counts the attempts that started. Those that neither failed nor stalled were snoozed
      // or released.
      snoozes: Math.max(0, given.attemptsStarted - 1 - row.failures - given.stalledCounter),
      priority: 0,
      seq: 0,
      lost_claims: 0,
      limit_key: null,
      share_key: null,
      has_slot: false,
    }
    const { service, pool, control, bind, externalCalls } = parts
    const scope = openAttempt(job, claimed, {
      service,
      pool,
      control,
      bind,
      externalCalls,
      clock,
      telemetry,
      log,
      closing: closing.signal,
      // BullMQ has locks instead of a lease. If another process runs the job too, only one of them
      // commits.
      holdsLease: () => true,
    })
    const { deadline } = scope
    const { span } = scope.work
    const runParts: RunParts = {
      settings: parts.settings,
      records,
      keepProgress: (_scope, value) => progress(given, value),
    }
    observer.began(job.name, row.age_ms / 1_000)
    const startedMs = performance.now()
    const ended = telemetry.within(span, () => runJob(scope, runParts))
    const one: Running = { scope, ended }
    running.add(one)
    const end = await ended
    running.delete(one)
    observer.ended(job.name, end.outcome, (performance.now() - startedMs) / 1_000)
    span.set('holdfast.outcome', end.outcome)
    deadline.end()
    span.end()
    if (end.outcome === 'released') released.push(row.id)
    scope.log.debug({ outcome: end.outcome, statements: scope.work.usage.statements }, `job ${end.outcome}`)
    return end
  }

  function progress(given: BullMqJob, value: string): void {
    given
      .updateProgress(JSON.parse(value) as Exclude<Json, readonly unknown[] | null>)
      .catch((error: unknown) =>
        log.debug({ error: toLogFields(error) }, 'storing the progress of a job failed'),
      )
  }

  const looking = startRecurringTask({
    failure: 'polling for cancelled jobs failed',
    clock,
    log,
    everyMs: lookEveryMs,
    async work() {
      if (running.size === 0) return undefined
      const over = await records.findOver([...running].map(({ scope }) => scope.row.id))
      const cancelled = new Map(over.map(({ id, is_cancelled: isCancelled }) => [id, isCancelled]))
      for (const { scope } of running) {
        const isCancelled = cancelled.get(scope.row.id)
        if (isCancelled !== undefined) scope.deadline.cancel(isCancelled ? jobCancelled : jobLost)
      }
      return undefined
    },
  })

  return {
    async stop(limitMs) {
      isStopping = true
      const endMs = performance.now() + limitMs
      await Promise.all(workers.map((worker) => worker.pause(true)))
      await allSettledWithin(running, limitMs)
      for (const { scope } of running) scope.deadline.cancel(workerStopping)
      await allSettledWithin(running, Math.max(minReportMs, endMs - performance.now()))
      closing.abort()
      await looking.stop()
      await Promise.all(workers.map((worker) => close(worker)))
      client.disconnect()
      observer.forget()
      return released
    },
  }

  /** If Redis is unreachable, BullMQ detects by itself what the worker could not report. */
  async function close(worker: Worker): Promise<void> {
    await abortable(worker.close(), AbortSignal.timeout(closeLimitMs)).catch((error: unknown) => {
      log.debug({ error: toLogFields(error) }, 'closing a BullMQ worker failed')
      // Without this, the worker's own connection would try to reach Redis without end.
      void worker
        .disconnect()
        .catch((late: unknown) =>
          log.debug({ error: toLogFields(late) }, 'disconnecting a BullMQ worker failed'),
        )
    })
  }
}

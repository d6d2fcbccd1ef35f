import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq'
import type { Redis } from 'ioredis'
import { abortable } from '../../kernel/base/cancellation.ts'
import { toLogFields, type Logger } from '../../kernel/base/log.ts'
import type { PlannedQueue } from './queue-plan.ts'
import type { JobRunEnd } from './run-job.ts'

/** Dependencies of {@link openQueueWorker}. */
export interface QueueWorkerParts {
  readonly client: Redis
  readonly prefix: string | undefined
  /** Time after which a BullMQ lock expires unless it is renewed, in milliseconds. */
  readonly lockMs: number
  readonly log: Logger
  /** Runs a job that BullMQ delivers. */
  readonly run: (job: Job) => Promise<JobRunEnd>
  /** Called with the ids of jobs whose locks could not be renewed. */
  readonly onLocksLost: (ids: readonly string[]) => void
}

/** Delay after a failure that is unrelated to the job, in milliseconds. */
export const redisRetryMs = 1_000
const closeLimitMs = 2_000

/** Thrown to BullMQ for a failed attempt if the job is attempted again. */
class TryAgain extends Error {
  override readonly name = 'TryAgain'
  readonly delayMs: number

  constructor({ error, delayMs }: JobRunEnd) {
    super(messageOf(error), { cause: error })
    this.delayMs = delayMs
  }
}

/** Starts to take a queue's jobs from BullMQ. Redis need not be reachable. */
export function openQueueWorker(
  { name, concurrency, limiter }: PlannedQueue,
  parts: QueueWorkerParts,
): Worker {
  const { client, prefix, lockMs, log, run, onLocksLost } = parts
  // The interval is rounded, because BullMQ expects whole milliseconds.
  const lookMs = Math.ceil(lockMs / 3)
  const worker = new Worker(name, async (job, token) => answer(job, token!, run), {
    connection: client,
    ...(prefix === undefined ? {} : { prefix }),
    concurrency,
    ...(limiter ? { limiter } : {}),
    lockDuration: lockMs,
    lockRenewTime: lookMs,
    stalledInterval: lookMs,
    // BullMQ's limit on stalled attempts is disabled, because Holdfast counts them as failed
    // attempts.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: redisRetryMs,
    settings: {
      backoffStrategy: (_tries, _type, error) =>
        error instanceof TryAgain ? Math.round(error.delayMs) : redisRetryMs,
    },
  })
  worker.on('error', (error) => {
    const fields = { queue: name, reason: error.message }
    // While Redis is unreachable, the same errors repeat, so they are logged only at debug.
    if (client.status === 'ready') log.warn(fields, 'BullMQ reported an error and will retry')
    else log.debug(fields, 'BullMQ reported an error while Redis was unreachable')
  })
  worker.on('lockRenewalFailed', onLocksLost)
  return worker
}

/** Runs a job, and returns or throws the outcome in the form that BullMQ expects. */
async function answer(job: Job, token: string, run: QueueWorkerParts['run']): Promise<void> {
  // BullMQ's own limit of attempts is disabled: the row of the job decides if the job is attempted
  // again.
  job.opts.attempts = Number.MAX_SAFE_INTEGER
  const end = await run(job)
  switch (end.next) {
    case 'over':
      return
    case 'dead':
      throw new UnrecoverableError(messageOf(end.error))
    case 'again':
      if (end.isFailure) throw new TryAgain(end)
      if (end.outcome === 'released') {
        await job.moveToWait(token)
        throw new WaitingError()
      }
      await job.moveToDelayed(Date.now() + Math.round(end.delayMs), token)
      throw new DelayedError()
  }
}

/**
 * Closes a worker. If Redis is unreachable, the worker cannot report its unfinished jobs; BullMQ
 * detects them later as stalled.
 */
export async function closeQueueWorker(worker: Worker, log: Logger): Promise<void> {
  await abortable(worker.close(), AbortSignal.timeout(closeLimitMs)).catch((error: unknown) => {
    log.debug({ error: toLogFields(error) }, 'closing a BullMQ worker failed')
    // Without this call, the worker's connection would keep trying to reconnect to Redis.
    void worker
      .disconnect()
      .catch((late: unknown) =>
        log.debug({ error: toLogFields(late) }, 'disconnecting a BullMQ worker failed'),
      )
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

import type { RedisOptions } from 'ioredis'
import { abortable } from '../../kernel/base/cancellation.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import { maxAttempts } from '../../kernel/background/retry-delay.ts'
import type { JobEngineParts } from '../../effects/jobs/job-engine.ts'
import { pollIntervalMs } from '../../effects/jobs/leadership/poll-interval.ts'
import { concerned, type WakeKind } from '../../effects/wakes/wake.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { systemWork } from '../../kernel/host/work.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Transaction } from '../../storage/postgres/transaction/transaction.ts'
import { transact } from '../../storage/postgres/transaction/with-transaction.ts'
import { JobQueues } from './job-queues.ts'
import {
  findHandedOver,
  type HandedRow,
  handOver,
  type HandoverOf,
  lockHandover,
  takeBack,
} from './queries/hand-over.ts'
import type { QueuePlan } from './queue-plan.ts'

/** Dependencies of {@link Handover}. */
export interface HandoverParts extends Pick<JobEngineParts, 'service' | 'jobs' | 'waker' | 'clock' | 'log'> {
  readonly pool: Pool
  readonly connection: string | RedisOptions
  readonly prefix: string | undefined
  readonly plan: QueuePlan
  /**
   * Names of jobs that Postgres runs. An earlier configuration may have handed them over to BullMQ.
   */
  readonly notOurs: readonly string[]
}

const kinds: ReadonlySet<WakeKind> = new Set(['jobs', 'limited', 'returned'])
const batch = 500
const retryMs = 1_000
const connectLimitMs = 5_000
const passLimitMs = 10_000
const closeLimitMs = 1_000
const searchBatch = 10_000
// Interval of the search for lost jobs while Redis stays connected. The search finds jobs that were
// deleted from Redis by hand.
const searchEveryMs = 5 * 60_000
const firstId = '00000000-0000-0000-0000-000000000000'

/**
 * Hands ready jobs over to BullMQ, in the order in which they have to run. The transaction of a
 * batch commits after BullMQ has accepted the batch, so a crash can hand a job over twice but
 * cannot lose it. After each connection to Redis, it again hands over the jobs that Redis has lost.
 */
export class Handover {
  readonly #parts: HandoverParts
  readonly #names: readonly string[]
  readonly #task: RecurringTask
  readonly #unlisten: () => void
  #queues: JobQueues | undefined
  #hasFailed = false
  #searchedMs = -Infinity

  constructor(parts: HandoverParts) {
    this.#parts = parts
    this.#names = [...parts.jobs.keys()]
    this.#task = startRecurringTask({
      failure: 'handing over jobs to BullMQ failed; the jobs wait in the database, and no job is lost',
      clock: parts.clock,
      log: parts.log,
      everyMs: () => pollIntervalMs(parts.waker),
      retryMs,
      work: (stopping) => this.#work(stopping),
    })
    this.#unlisten = parts.waker.listen({
      wake: (wake) => {
        if (wake.service === parts.service && kinds.has(wake.kind) && concerned(wake, this.#names).length > 0)
          this.#wake()
      },
      look: () => this.#wake(),
    })
  }

  async stop(): Promise<void> {
    this.#unlisten()
    await this.#task.stop()
    await this.#disconnect()
  }

  #wake(): void {
    // After a failure, the next run waits for the retry delay, even if jobs are ready.
    if (!this.#hasFailed) this.#task.now()
  }

  async #work(stopping: AbortSignal): Promise<number | undefined> {
    try {
      const queues = await this.#connected(stopping)
      if (performance.now() - this.#searchedMs > searchEveryMs) await this.#search(queues, stopping)
      const againMs = await this.#pass(queues, stopping)
      this.#hasFailed = false
      return againMs
    } catch (error) {
      this.#hasFailed = true
      await this.#disconnect()
      throw error
    }
  }

  async #connected(stopping: AbortSignal): Promise<JobQueues> {
    if (this.#queues?.isLost === true) await this.#disconnect()
    if (this.#queues) return this.#queues
    const limit = AbortSignal.any([stopping, AbortSignal.timeout(connectLimitMs)])
    const attemptsOf = (name: string): number => maxAttempts(this.#parts.jobs.get(name)!.retry)
    this.#queues = await JobQueues.connect({ ...this.#parts, attemptsOf }, limit)
    // Redis may have restarted and lost its data, so the next run searches for lost jobs.
    this.#searchedMs = -Infinity
    return this.#queues
  }

  #jobs(limit: number): HandoverOf {
    return { service: this.#parts.service, names: this.#names, limit }
  }

  /** Hands over a batch. Resolves to 0 if more jobs may be ready now; otherwise to `undefined`. */
  async #pass(queues: JobQueues, stopping: AbortSignal): Promise<number | undefined> {
    return this.#transact(stopping, async (transaction) => {
      const [lock] = await transaction.run<{ is_locked: boolean }>(lockHandover(this.#parts.plan.base))
      if (lock?.is_locked !== true) return undefined
      const rows = await transaction.run<HandedRow>(handOver(this.#jobs(batch)))
      if (rows.length > 0) await abortable(queues.add(rows), transaction.work.deadline)
      return rows.length === batch ? 0 : undefined
    })
  }

  /** Finds handed-over jobs that are no longer in Redis, and hands them over again. */
  async #search(queues: JobQueues, stopping: AbortSignal): Promise<void> {
    if (this.#parts.notOurs.length > 0) {
      const { service, notOurs } = this.#parts
      await this.#transact(stopping, (transaction) => transaction.run(takeBack(service, notOurs)))
    }
    for (let after: string | undefined = firstId; after !== undefined;) {
      after = await this.#searchAfter(after, queues, stopping)
    }
    this.#searchedMs = performance.now()
  }

  /**
   * Searches one batch of jobs. Resolves to the last id of the batch, after which the next batch
   * begins, or to `undefined` at the end.
   */
  async #searchAfter(after: string, queues: JobQueues, stopping: AbortSignal): Promise<string | undefined> {
    const rows = await this.#transact(stopping, (transaction) =>
      transaction.run<HandedRow>(findHandedOver(this.#jobs(searchBatch), after)),
    )
    const limit = AbortSignal.any([stopping, AbortSignal.timeout(passLimitMs)])
    const missing = rows.length === 0 ? [] : await abortable(queues.findMissing(rows), limit)
    if (missing.length > 0) {
      await abortable(queues.add(missing), limit)
      this.#parts.log.warn({ jobs: missing.length }, 'jobs that Redis had lost were handed over again')
    }
    return rows.length === searchBatch ? rows.at(-1)?.id : undefined
  }

  #transact<T>(stopping: AbortSignal, use: (transaction: Transaction) => Promise<T>): Promise<T> {
    const limit = AbortSignal.any([stopping, AbortSignal.timeout(passLimitMs)])
    return transact(this.#parts.pool, { work: systemWork(limit), limitMs: passLimitMs }, use)
  }

  async #disconnect(): Promise<void> {
    const queues = this.#queues
    this.#queues = undefined
    if (!queues) return
    await abortable(queues.close(), AbortSignal.timeout(closeLimitMs)).catch((error: unknown) => {
      this.#parts.log.debug({ error: toLogFields(error) }, 'closing the BullMQ queues failed')
    })
  }
}

import { Queue } from 'bullmq'
import type { RedisOptions } from 'ioredis'
import type { Logger } from '../../kernel/base/log.ts'
import { jobsRefused, redisUnreachable } from './failures.ts'
import type { HandedRow } from './queries/hand-over.ts'
import type { QueuePlan } from './queue-plan.ts'
import { type ConnectedRedis, connectRedis } from './redis-client.ts'

/** Dependencies of {@link JobQueues}. */
export interface JobQueuesParts {
  readonly connection: string | RedisOptions
  readonly prefix: string | undefined
  readonly plan: QueuePlan
  readonly attemptsOf: (job: string) => number
  readonly log: Logger
}

// Holdfast priorities are -1000 to 1000, the highest first. BullMQ priorities start at 1, the
// lowest first, and a job without a priority comes before all others.
const lowestPriority = 1_001

/**
 * The BullMQ queues for handed-over jobs. The queues contain only ids; the inputs stay in the
 * database.
 */
export class JobQueues {
  readonly #redis: ConnectedRedis
  readonly #parts: JobQueuesParts
  readonly #queues: ReadonlyMap<string, Queue>
  #isLost = false

  /**
   * Connects to Redis and sets the concurrency limits of the queues.
   *
   * @throws HoldfastError `broker-unreachable`.
   */
  static async connect(parts: JobQueuesParts, signal: AbortSignal): Promise<JobQueues> {
    const queues = new JobQueues(await connectRedis(parts.connection, signal), parts)
    try {
      await queues.#withRedis(() => queues.#limit())
    } catch (error) {
      await queues.close()
      throw error
    }
    return queues
  }

  private constructor(redis: ConnectedRedis, parts: JobQueuesParts) {
    this.#redis = redis
    this.#parts = parts
    redis.client.once('close', () => (this.#isLost = true))
    const { prefix, plan, log } = parts
    this.#queues = new Map(
      plan.queues.map(({ name }) => {
        const queue = new Queue(name, {
          connection: redis.client,
          ...(prefix === undefined ? {} : { prefix }),
        })
        queue.on('error', (error) =>
          log.debug({ queue: name, reason: error.message }, 'BullMQ reported an error'),
        )
        return [name, queue]
      }),
    )
  }

  /**
   * True if the connection was ever lost, even if it works again, because Redis may have restarted
   * and lost its data.
   */
  get isLost(): boolean {
    return this.#isLost
  }

  async #limit(): Promise<void> {
    for (const { name, globalConcurrency } of this.#parts.plan.queues) {
      const queue = this.#queues.get(name)!
      if (globalConcurrency === undefined) await queue.removeGlobalConcurrency()
      else await queue.setGlobalConcurrency(globalConcurrency)
    }
  }

  /** Adds jobs in order. Jobs that BullMQ already has are left unchanged. */
  async add(rows: readonly HandedRow[]): Promise<void> {
    const byQueue = Map.groupBy(rows, ({ name }) => this.#parts.plan.queueOf(name))
    await this.#withRedis(async () => {
      for (const [queue, own] of byQueue)
        await this.#queues.get(queue)!.addBulk(own.map((row) => this.#toJob(row)))
    })
  }

  #toJob({ id, name, priority }: HandedRow): Parameters<Queue['addBulk']>[0][number] {
    return {
      name,
      data: {},
      opts: {
        jobId: id,
        priority: lowestPriority - priority,
        attempts: this.#parts.attemptsOf(name),
        backoff: { type: 'holdfast' },
        // BullMQ keeps no ended jobs: the database records them, and a redriven job must be added
        // again under the same id.
        removeOnComplete: true,
        removeOnFail: true,
      },
    }
  }

  /** Returns the given jobs that are not in Redis. */
  async findMissing(rows: readonly HandedRow[]): Promise<readonly HandedRow[]> {
    return this.#withRedis(async () => {
      const pipeline = this.#redis.client.pipeline()
      for (const { id, name } of rows)
        pipeline.exists(this.#queues.get(this.#parts.plan.queueOf(name))!.toKey(id))
      const answers = (await pipeline.exec()) ?? []
      for (const [error] of answers) if (error) throw error
      return rows.filter((_row, index) => answers[index]?.[1] === 0)
    })
  }

  /** Runs commands on Redis. Reports their failures with the address of Redis. */
  async #withRedis<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const { client, lastError } = this.#redis
      throw client.status === 'ready'
        ? jobsRefused(error)
        : redisUnreachable(client.options, lastError() ?? error)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()))
    this.#redis.client.disconnect()
  }
}

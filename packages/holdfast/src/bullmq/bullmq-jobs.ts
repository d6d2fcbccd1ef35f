import type { RedisOptions } from 'ioredis'
import { type Duration, toMilliseconds } from '../kernel/duration.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { ownWork } from '../kernel/work.ts'
import type { JobEngine } from '../jobs/job-engine.ts'
import type { Pool } from '../postgres/pool.ts'
import { startBullMqWorker } from './bullmq-worker.ts'
import { Handover } from './hand-over-jobs.ts'
import { judgeJobs } from './judge-jobs.ts'
import { identifyDatabase } from './queries/identify-database.ts'
import { planQueues } from './queue-plan.ts'
import { withConnection } from '../postgres/with-connection.ts'

/** Options of {@link bullmqJobs}. */
export interface BullMqJobsOptions {
  /** Where Redis or Valkey is: `'redis://127.0.0.1:6379'`, or options of ioredis. */
  readonly connection: string | RedisOptions
  /** What stands before the queues' keys in Redis. Default `'bull'`, as BullMQ's own. */
  readonly prefix?: string
  /**
   * Name of the queue of the jobs, and prefix of the names of those with limits. Default `'jobs-'` and an id for the
   * service and its database.
   */
  readonly queue?: string
  /** The names of jobs that stay with Postgres: those with steps, and with limits that BullMQ does not know. Default none. */
  readonly keepOnPostgres?: readonly string[]
  /** How long a worker that says nothing is taken to live; what it ran is run by others within 1.7 times as long. Default `'10s'`. */
  readonly lockDuration?: Duration
}

const controlSize = 4
const patienceMs = 10_000

/**
 * Runs the jobs of a service with BullMQ: `postgres({ jobEngine: bullmqJobs({ … }) })`. A job stays a row that is committed with its mutation; BullMQ is
 * given its id, decides where and when it is tried, and each job's effect in the database happens once all the same.
 */
export function bullmqJobs({
  connection,
  prefix,
  queue,
  keepOnPostgres = [],
  lockDuration = '10s',
}: BullMqJobsOptions): JobEngine {
  const lockMs = Math.ceil(toMilliseconds(lockDuration))
  return {
    name: 'bullmq',
    takes: ({ name }) => !keepOnPostgres.includes(name),
    async start(parts) {
      judgeJobs(parts.jobs.values())
      const control = parts.openPool('holdfast (bullmq)', controlSize, { lane: 'own' })
      try {
        const base = queue ?? `jobs-${await identify(control, parts.service)}`
        const plan = planQueues(base, parts.jobs.values(), parts.concurrency)
        const places = plan.queues.reduce((sum, { concurrency }) => sum + concurrency, 0)
        const pool = parts.openPool('holdfast job (bullmq)', places)
        const shared = { ...parts, control, connection, prefix, plan }
        const worker = startBullMqWorker({ ...shared, pool, lockMs })
        const handover = new Handover({ ...shared, pool: control, notOurs: keepOnPostgres })
        return {
          async stop(limitMs) {
            const [handedBack] = await Promise.all([worker.stop(limitMs), handover.stop()])
            await Promise.all([pool.end(), control.end()])
            return handedBack
          },
        }
      } catch (error) {
        await control.end()
        throw error
      }
    },
  }
}

async function identify(pool: Pool, service: string): Promise<string> {
  const { rows } = await withConnection(pool, ownWork(AbortSignal.timeout(patienceMs)), (connection) =>
    connection.run<{ id: string }>(identifyDatabase(service)),
  )
  if (rows[0]) return rows[0].id
  throw new HoldfastError(
    'secret-missing',
    "The database has no secret to tell its queues by: the row 'cursor' of holdfast.secrets was deleted. Insert one with 32 random bytes.",
  )
}

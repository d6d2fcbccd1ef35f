import type { RedisOptions } from 'ioredis'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { JobEngine } from '../../effects/jobs/job-engine.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import { BullMqWorker } from './bullmq-worker.ts'
import { Handover } from './hand-over-jobs.ts'
import { checkJobs } from './check-jobs.ts'
import { identifyDatabase } from './queries/identify-database.ts'
import { planQueues } from './queue-plan.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'

/** Options of {@link bullmqJobs}. */
export interface BullMqJobsOptions {
  /** Address of Redis or Valkey: a URL such as `'redis://127.0.0.1:6379'`, or ioredis options. */
  readonly connection: string | RedisOptions
  /**
   * Prefix of the queues' keys in Redis. Default `'bull'`, the default of BullMQ. Change it if
   * Redis is shared and other programs expect a different prefix.
   */
  readonly prefix?: string
  /**
   * Name of the queue. The queues of limited jobs have names that begin with this name. Default
   * `'jobs-'` followed by an id of the service and its database.
   */
  readonly queue?: string
  /**
   * Names of the jobs that still run on Postgres: jobs with steps, and jobs with limits that BullMQ
   * does not support. Default: none.
   */
  readonly keepOnPostgres?: readonly string[]
  /**
   * Time after which BullMQ's lock on a running job expires unless it is renewed. If a worker dies,
   * its jobs run again within 1.7 times this duration. Default `'10s'`. Raise it if jobs block the
   * event loop for longer. Otherwise, their locks expire, and BullMQ runs them a second time.
   */
  readonly lockDuration?: Duration
}

const controlSize = 4
const timeoutMs = 10_000

/**
 * Runs the jobs of a service with BullMQ: `postgres({ jobEngine: bullmqJobs({ … }) })`.
 *
 * A job is still a row that is committed with its mutation. BullMQ receives the id of the job, and
 * decides where and when the job is attempted. The database commits the effect of each job once.
 *
 * @throws HoldfastError when the service starts: `service-invalid` if a job needs a limit that
 * BullMQ does not support.
 *
 * @example
 * ```ts
 * const app = holdfast({
 *   database: postgres({ jobEngine: bullmqJobs({ connection: 'redis://127.0.0.1:6379' }) }),
 * })
 * ```
 */
export function bullmqJobs({
  connection,
  prefix,
  queue,
  keepOnPostgres = [],
  lockDuration = '10s',
}: BullMqJobsOptions): JobEngine {
  const lockMs = Math.ceil(toMilliseconds(lockDuration, { option: 'lockDuration of bullmqJobs' }))
  return {
    name: 'bullmq',
    takes: ({ name }) => !keepOnPostgres.includes(name),
    async start(parts) {
      checkJobs(parts.jobs.values())
      const control = parts.openPool('holdfast (bullmq)', controlSize, { lane: 'own' })
      try {
        const base = queue ?? `jobs-${await identify(control, parts.service)}`
        const plan = planQueues(base, parts.jobs.values(), parts.concurrency)
        const slots = plan.queues.reduce((sum, { concurrency }) => sum + concurrency, 0)
        const pool = parts.openPool('holdfast job (bullmq)', slots)
        const shared = { ...parts, control, connection, prefix, plan }
        const worker = new BullMqWorker({ ...shared, pool, lockMs })
        const handover = new Handover({ ...shared, pool: control, notOurs: keepOnPostgres })
        return {
          async stop(limitMs) {
            const [released] = await Promise.all([worker.stop(limitMs), handover.stop()])
            await Promise.all([pool.end(), control.end()])
            return released
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
  const { rows } = await withConnection(pool, limitedWork(timeoutMs), (connection) =>
    connection.run<{ id: string }>(identifyDatabase(service)),
  )
  if (rows[0]) return rows[0].id
  throw new HoldfastError(
    'secret-missing',
    "The database has no secret to identify its queues: the row 'cursor' of holdfast.secrets was deleted. Insert a row with 32 random bytes.",
  )
}

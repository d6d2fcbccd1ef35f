import type { Job } from '../../../kernel/background/job.ts'
import type { Logger } from '../../../kernel/base/log.ts'
import { mostAttempts } from '../../../kernel/background/retry-delay.ts'
import { ownWork } from '../../../kernel/host/work.ts'
import type { Connection } from '../../../storage/postgres/session/connection.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { withConnection } from '../../../storage/postgres/pool/with-connection.ts'
import { type AttemptEnd, endAttempt, type EndedRow } from '../queries/end-attempt.ts'
import { releasePlace } from '../queries/release-place.ts'
import { endSessions, findOrphans, forgetDead, type OrphanRow } from '../queries/take-over.ts'
import { ownSessionsOf, sessionsOf } from '../worker-sessions.ts'

/** Dependencies of {@link takeOver}. */
export interface TakeOver {
  readonly service: string
  readonly pool: Pool
  readonly jobs: ReadonlyMap<string, Job>
  readonly log: Logger
  /** How long a worker lives after a heartbeat, in milliseconds. */
  readonly leaseMs: number
  /**
   * The id of the worker that rescues. It is never declared dead here, even if its own
   * heartbeats failed.
   */
  readonly self: string
}

// There may be many jobs to rescue.
const patienceMs = 30_000

/**
 * Rescues the jobs of dead workers: they become ready again, or dead if that was their last
 * attempt. A job that had started counts a failed attempt. A job that was only claimed does not,
 * but its next attempt is marked as started first, so that a job that kills its process runs out of
 * attempts. Resolves to the names of the rescued jobs.
 */
export function takeOver({ service, pool, jobs, log, leaseMs, self }: TakeOver): Promise<readonly string[]> {
  return withConnection(pool, ownWork(AbortSignal.timeout(patienceMs)), async (connection) => {
    const dead = await connection.run<{ id: string; host: string; pid: number }>(
      forgetDead({ service, leaseMs, self }),
    )
    for (const { id, host, pid } of dead.rows) {
      log.warn(
        { worker: id, host, pid },
        'worker declared dead: it sent no heartbeat within its lease; its jobs are rescued',
      )
      await connection.run(endSessions([sessionsOf(id), ownSessionsOf(id)]))
    }
    await connection.run({ text: 'BEGIN' })
    const { rows } = await connection.run<OrphanRow>(findOrphans(service))
    for (const row of rows) await rescue(connection, row, { service, job: jobs.get(row.name) })
    await connection.run({ text: 'COMMIT' })
    return rows.map(({ name }) => name)
  })
}

async function rescue(
  connection: Connection,
  row: OrphanRow,
  { service, job }: { readonly service: string; readonly job: Job | undefined },
): Promise<void> {
  const isDead = row.has_begun && job !== undefined && row.failures + 1 >= mostAttempts(job.retry)
  const { rows: ended } = await connection.run<EndedRow>(
    endAttempt(row, {
      state: isDead ? 'dead' : 'ready',
      keepsPlace: !isDead || job.concurrency?.onDead === 'wait',
      ...(row.has_begun ? failureOf(row) : { isLostClaim: true }),
    }),
  )
  if (row.has_place && ended[0]?.has_place === false) {
    for (const statement of releasePlace({ service, name: row.name, key: row.limit_key ?? '' }))
      await connection.run(statement)
  }
}

function failureOf({ failures }: OrphanRow): Pick<AttemptEnd, 'isFailure' | 'failure'> {
  return {
    isFailure: true,
    failure: {
      name: 'WorkerLost',
      message: 'The process that ran the job sent no heartbeat any more.',
      attempt: failures + 1,
      at: new Date().toISOString(),
    },
  }
}

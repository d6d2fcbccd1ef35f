import type { Job } from '../kernel/job.ts'
import type { Logger } from '../kernel/log.ts'
import { mostAttempts } from '../kernel/retry-delay.ts'
import { ownWork } from '../kernel/work.ts'
import type { Connection } from '../postgres/connection.ts'
import type { Pool } from '../postgres/pool.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { deadRetentionMs, endAttempt, type EndedRow } from './queries/end-attempt.ts'
import { releasePlace } from './queries/release-place.ts'
import { endSessions, findOrphans, forgetDead, type OrphanRow } from './queries/take-over.ts'
import { ownSessionsOf, sessionsOf } from './worker-sessions.ts'

/** What jobs of dead workers are taken over with. */
export interface TakeOver {
  readonly pool: Pool
  readonly jobs: ReadonlyMap<string, Job>
  readonly log: Logger
  /** How long a worker lives after a heartbeat, in milliseconds. */
  readonly leaseMs: number
  /** The id of the worker that takes over. It lives, whatever became of its heartbeats. */
  readonly self: string
}

// They may be many.
const patienceMs = 30_000

/**
 * Takes the jobs of dead workers over: they are run again at once, which counts as a failed try, so that a job that kills its process does not do so
 * for ever. Gives how many there were.
 */
export function takeOver({ pool, jobs, log, leaseMs, self }: TakeOver): Promise<number> {
  return withConnection(pool, ownWork(AbortSignal.timeout(patienceMs)), async (connection) => {
    const dead = await connection.run<{ id: string; host: string; pid: number }>(forgetDead(leaseMs, self))
    for (const { id, host, pid } of dead.rows) {
      log.warn(
        { worker: id, host, pid },
        'worker declared dead: it sent no heartbeat within its lease; its jobs are rescued',
      )
      await connection.run(endSessions([sessionsOf(id), ownSessionsOf(id)]))
    }
    await connection.run({ text: 'BEGIN' })
    const { rows } = await connection.run<OrphanRow>(findOrphans())
    for (const row of rows) await takeOne(connection, row, jobs.get(row.name))
    await connection.run({ text: 'COMMIT' })
    return rows.length
  })
}

async function takeOne(connection: Connection, row: OrphanRow, job: Job | undefined): Promise<void> {
  const isDead = job !== undefined && row.failures + 1 >= mostAttempts(job.retry)
  const { rows: ended } = await connection.run<EndedRow>(
    endAttempt(row.id, row.attempt, {
      state: isDead ? 'dead' : 'ready',
      isFailure: true,
      failure: {
        name: 'WorkerLost',
        message: 'The process that ran the job was not heard of any more.',
        attempt: row.failures + 1,
        at: new Date().toISOString(),
      },
      keepsPlace: true,
      retentionMs: deadRetentionMs,
    }),
  )
  if (row.has_place && ended[0]?.has_place === false)
    for (const statement of releasePlace(row.name, row.limit_key ?? '')) await connection.run(statement)
}

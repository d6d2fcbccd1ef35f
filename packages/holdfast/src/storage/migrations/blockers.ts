import type pg from 'pg'
import { describeSession, sessionColumns, type SessionRow } from './describe-session.ts'

/** A running watch for the sessions that block a session. */
export interface BlockerWatch {
  /** Stops the watch, and returns a description of the last blocking sessions seen. */
  end(): Promise<string>
}

/** Options of {@link watchBlockers}. */
export interface BlockerWatchOptions {
  /** Process id of the session that may be blocked. */
  readonly pid: number
  /** Time for which the same sessions may block before they are reported, in milliseconds. */
  readonly reportAfterMs: number
  /**
   * Called once for each set of sessions that has blocked the observed session for `reportAfterMs`.
   */
  readonly report: (blockers: string) => void
}

const lookEveryMs = 100
// `pg_blocking_pids` returns 0 for a prepared transaction, which belongs to no session.
const preparedTransaction = 0

/**
 * Observes the sessions that block a session, over a second connection. Once that session has
 * stopped waiting, its blockers can no longer be determined.
 */
export function watchBlockers(
  observer: pg.ClientBase,
  { pid, reportAfterMs, report }: BlockerWatchOptions,
): BlockerWatch {
  let seen = 'a session that has ended since'
  let inTheWay = ''
  let sinceMs = performance.now()
  let isReported = false
  let look = Promise.resolve()
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    // The result is only used in messages, so a failed query must not fail the migration.
    look = observe()
      .catch(() => {})
      .then(() => {
        isLooking = false
      })
  }, lookEveryMs)

  async function observe(): Promise<void> {
    const blockers = await readBlockers(observer, pid)
    const pids = blockers.map((blocker) => blocker.pid).join()
    if (pids !== inTheWay) {
      inTheWay = pids
      sinceMs = performance.now()
      isReported = false
    }
    if (blockers.length === 0) return
    seen = blockers.map((blocker) => blocker.words).join('; ')
    if (isReported || performance.now() - sinceMs < reportAfterMs) return
    isReported = true
    report(seen)
  }

  return {
    async end() {
      clearInterval(timer)
      await look
      return seen
    },
  }
}

interface Blocker {
  readonly pid: number
  readonly words: string
}

async function readBlockers(observer: pg.ClientBase, waiting: number): Promise<readonly Blocker[]> {
  const { rows } = await observer.query<{ blocker: number } & SessionRow>({
    text: `
      select distinct on (blocker) blocker, ${sessionColumns}
      from unnest(pg_blocking_pids($1)) blocker left join pg_stat_activity a on a.pid = blocker
      order by blocker`,
    values: [waiting],
  })
  return rows
    .filter(({ blocker, pid }) => blocker === preparedTransaction || pid !== null)
    .map(({ blocker, ...session }) => ({
      pid: blocker,
      words:
        blocker === preparedTransaction
          ? 'a prepared transaction (see pg_prepared_xacts)'
          : describeSession(session),
    }))
}

import type pg from 'pg'

/** Who stands in the way of a session, as far as it was seen. */
export interface BlockerWatch {
  /** Stops looking; gives those that were seen last, in words. */
  end(): Promise<string>
}

const lookEveryMs = 100

/** Looks from a second connection who blocks the session `pid`: afterwards, nobody can tell any more. */
export function watchBlockers(observer: pg.ClientBase, pid: number): BlockerWatch {
  let seen = 'a session that was gone when it was looked for'
  let look = Promise.resolve()
  const timer = setInterval(() => {
    // What it cannot see is missing in a message, and nothing worse.
    look = observe().catch(() => {})
  }, lookEveryMs)

  async function observe(): Promise<void> {
    const { rows } = await observer.query<{ blocker: string }>({
      text: `
        select format('pid %s (%s, %s since %s): %s', pid, application_name, state, xact_start, left(query, 200)) as blocker
        from pg_stat_activity where pid = any (pg_blocking_pids($1))`,
      values: [pid],
    })
    if (rows.length > 0) seen = rows.map(({ blocker }) => blocker).join('; ')
  }

  return {
    async end() {
      clearInterval(timer)
      await look
      return seen
    },
  }
}

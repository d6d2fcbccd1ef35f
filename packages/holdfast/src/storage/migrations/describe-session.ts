/** A session of the server, without its statement, which may contain personal data. */
export interface SessionRow {
  readonly pid: number
  readonly application: string | null
  readonly user: string | null
  readonly backend: string | null
  readonly state: string | null
  /** Age of the session's transaction, in seconds. */
  readonly transactionAge: number | null
  /** Age of the session's current or last statement, in seconds. */
  readonly queryAge: number | null
}

/** The columns of a {@link SessionRow}, from `pg_stat_activity` as `a`. */
export const sessionColumns = `
  a.pid, a.application_name as application, a.usename as "user", a.backend_type as backend, a.state,
  extract(epoch from clock_timestamp() - a.xact_start)::float8 as "transactionAge",
  extract(epoch from clock_timestamp() - a.query_start)::float8 as "queryAge"`

/**
 * Returns a description of a session: pid, application, user, state, and the ages of its
 * transaction and its query.
 */
export function describeSession(session: SessionRow): string {
  const { pid, application, user, backend, state, transactionAge, queryAge } = session
  return [
    `pid ${pid}`,
    `application_name ${JSON.stringify(application ?? '')}`,
    ...(user === null ? [] : [`user ${user}`]),
    ...(backend === null || backend === 'client backend' ? [] : [backend]),
    ...(state === null ? [] : [state]),
    ...(transactionAge === null ? [] : [`transaction age ${inSeconds(transactionAge)}`]),
    ...(queryAge === null ? [] : [`query age ${inSeconds(queryAge)}`]),
  ].join(', ')
}

function inSeconds(age: number): string {
  return `${Math.max(0, age).toFixed(1)} s`
}

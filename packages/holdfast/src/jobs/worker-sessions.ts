/** Returns the name of the sessions of a worker's jobs in `pg_stat_activity`. */
export function sessionsOf(worker: string): string {
  return `holdfast job ${worker}`
}

/** The same of jobs that have slots of their own. */
export function ownSessionsOf(worker: string): string {
  return `holdfast slot ${worker}`
}

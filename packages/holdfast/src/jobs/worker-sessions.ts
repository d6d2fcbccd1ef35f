/** How the sessions of a worker's jobs are called in `pg_stat_activity`. */
export function sessionsOf(worker: string): string {
  return `holdfast job ${worker}`
}

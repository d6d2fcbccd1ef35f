/** Returns the `application_name` of the sessions of a worker's jobs. */
export function sessionsOf(worker: string): string {
  return `holdfast job ${worker}`
}

/** Returns the `application_name` of the sessions of a worker's jobs with dedicated slots. */
export function ownSessionsOf(worker: string): string {
  return `holdfast slot ${worker}`
}

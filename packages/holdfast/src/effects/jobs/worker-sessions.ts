/** Returns the `application_name` of a worker's job sessions. */
export function sessionsOf(worker: string): string {
  return `holdfast job ${worker}`
}

/** Returns the `application_name` of a worker's sessions for jobs with dedicated slots. */
export function ownSessionsOf(worker: string): string {
  return `holdfast slot ${worker}`
}

import type { JobRow } from './job-row.ts'
import type { WakeKind, WakeSender } from '../../wakes/wake.ts'

// Jobs due after this period need no wake: the leader looks for due jobs several times within the
// period.
const soonMs = 60_000

/** Wakes the processes that have work to do after jobs were committed. */
export function announceJobs(rows: readonly JobRow[], waker: WakeSender): void {
  const names = new Map<WakeKind, Set<string>>()
  for (const row of rows) {
    for (const kind of kindsOf(row)) {
      const known = names.get(kind)
      if (known) known.add(row.name)
      else names.set(kind, new Set([row.name]))
    }
  }
  for (const [kind, own] of names) waker.send(kind, own)
}

function kindsOf({ delayMs = 0, atMs, limitKey, rateKey }: JobRow): readonly WakeKind[] {
  if (delayMs > 0) return delayMs < soonMs ? ['due'] : []
  const atOnce = limitKey === undefined && rateKey === undefined ? 'jobs' : 'limited'
  if (atMs === undefined) return [atOnce]
  // The database's clock decides when the job is due, and may differ from this process's clock.
  return atMs - Date.now() < soonMs ? ['due', atOnce] : []
}

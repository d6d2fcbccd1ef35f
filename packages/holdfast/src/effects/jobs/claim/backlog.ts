import { claimKey, type ClaimOf } from './claim-of.ts'
import type { ClaimedRow } from '../queries/claim.ts'

// Duration of the work that a process claims ahead, in milliseconds. Short enough that jobs do not
// wait long in this process, and long enough that the process never waits for the next claim.
const aheadMs = 50
const maxAheadPerSlot = 10
// A job claimed but not started for this long is released, so that another process can start it
// sooner.
const maxWaitMs = 500
// Weight of the latest job in the moving average of job durations.
const weight = 0.1

interface QueuedJob {
  readonly row: ClaimedRow
  readonly sinceMs: number
}

/** Jobs that a process has claimed but not started. Only short jobs are claimed ahead. */
export class Backlog {
  readonly #concurrency: number
  #held: QueuedJob[] = []
  #expectedMs = Infinity

  constructor(concurrency: number) {
    this.#concurrency = concurrency
  }

  get length(): number {
    return this.#held.length
  }

  get claims(): readonly ClaimOf[] {
    return this.#held.map(({ row }) => row)
  }

  /** Returns the number of jobs to claim if `room` slots are free. */
  wanted(room: number): number {
    const ahead = Math.min(
      Math.floor((this.#concurrency * aheadMs) / this.#expectedMs),
      this.#concurrency * maxAheadPerSlot,
    )
    // Claiming a few jobs costs as much as claiming many, so no jobs are claimed while the backlog
    // is more than half full.
    return this.#held.length > ahead / 2 ? 0 : room + ahead - this.#held.length
  }

  /** Records how long a job took. */
  observe(durationMs: number): void {
    const known = this.#expectedMs
    this.#expectedMs = known === Infinity ? durationMs : known + weight * (durationMs - known)
  }

  add(rows: readonly ClaimedRow[]): void {
    const sinceMs = performance.now()
    for (const row of rows) this.#held.push({ row, sinceMs })
  }

  /** Removes and returns the next job that may start. */
  take(mayBegin: (row: ClaimedRow) => boolean): ClaimedRow | undefined {
    const index = this.#held.findIndex(({ row }) => mayBegin(row))
    return index < 0 ? undefined : this.#held.splice(index, 1)[0]?.row
  }

  /** Removes and returns the jobs with these keys. */
  takeOut(keys: ReadonlySet<string>): readonly ClaimedRow[] {
    const [out, rest] = partition(this.#held, ({ row }) => keys.has(claimKey(row)))
    this.#held = rest
    return out.map(({ row }) => row)
  }

  /** Removes and returns the jobs that have waited too long. */
  takeStale(): readonly ClaimedRow[] {
    const beforeMs = performance.now() - maxWaitMs
    const [out, rest] = partition(this.#held, ({ sinceMs }) => sinceMs < beforeMs)
    this.#held = rest
    // A job has waited too long, so jobs take longer than expected. Reset the expected duration.
    if (out.length > 0) this.#expectedMs = Infinity
    return out.map(({ row }) => row)
  }

  /** Removes and returns all jobs. */
  clear(): readonly ClaimedRow[] {
    return this.#held.splice(0).map(({ row }) => row)
  }
}

function partition<T>(all: readonly T[], isOut: (one: T) => boolean): readonly [out: T[], rest: T[]] {
  return [all.filter(isOut), all.filter((one) => !isOut(one))]
}

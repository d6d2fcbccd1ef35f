import { claimKey, type ClaimOf } from './claim-of.ts'
import type { ClaimedRow } from './queries/claim-jobs.ts'

// How much work a process takes ahead of what it runs: little enough for nobody to wait for it, enough for it not to wait for the database.
const aheadMs = 50
const mostAheadPerPlace = 10
// A job that has waited here for this long is better off with another process.
const longestWaitMs = 500
// How much the duration of one job changes what is expected of the next.
const weight = 0.1

interface Held {
  readonly row: ClaimedRow
  readonly sinceMs: number
}

/** Jobs that a process has claimed and not begun: only of short ones does it take some ahead. */
export class Backlog {
  readonly #concurrency: number
  #held: Held[] = []
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

  /** How many jobs to claim when there is room for so many. */
  wanted(room: number): number {
    const ahead = Math.min(
      Math.floor((this.#concurrency * aheadMs) / this.#expectedMs),
      this.#concurrency * mostAheadPerPlace,
    )
    // Few at a time would cost as much as many.
    return this.#held.length > ahead / 2 ? 0 : room + ahead - this.#held.length
  }

  /** Takes notice of how long a job took. */
  observe(durationMs: number): void {
    const known = this.#expectedMs
    this.#expectedMs = known === Infinity ? durationMs : known + weight * (durationMs - known)
  }

  add(rows: readonly ClaimedRow[]): void {
    const sinceMs = performance.now()
    for (const row of rows) this.#held.push({ row, sinceMs })
  }

  /** Takes out the next one to run that may begin. */
  take(mayBegin: (row: ClaimedRow) => boolean): ClaimedRow | undefined {
    const index = this.#held.findIndex(({ row }) => mayBegin(row))
    return index < 0 ? undefined : this.#held.splice(index, 1)[0]?.row
  }

  /** Removes and returns those with these keys. */
  takeOut(keys: ReadonlySet<string>): readonly ClaimedRow[] {
    const [out, rest] = partition(this.#held, ({ row }) => keys.has(claimKey(row)))
    this.#held = rest
    return out.map(({ row }) => row)
  }

  /** Takes out those that have waited for too long. */
  takeStale(): readonly ClaimedRow[] {
    const beforeMs = performance.now() - longestWaitMs
    const [out, rest] = partition(this.#held, ({ sinceMs }) => sinceMs < beforeMs)
    this.#held = rest
    // What was expected of them was wrong.
    if (out.length > 0) this.#expectedMs = Infinity
    return out.map(({ row }) => row)
  }

  /** Takes out all. */
  clear(): readonly ClaimedRow[] {
    return this.#held.splice(0).map(({ row }) => row)
  }
}

function partition<T>(all: readonly T[], isOut: (one: T) => boolean): readonly [out: T[], rest: T[]] {
  return [all.filter(isOut), all.filter((one) => !isOut(one))]
}

import type { ClaimSegments } from '../queries/claim.ts'
import type { Slots } from './slots.ts'

// The cost of a claim must not grow with the number of earlier claims. Until a vacuum, the index of
// ready jobs has an entry for each job that was ready before. While an old snapshot is open (a
// backup, a long report), no vacuum removes these entries. So a worker remembers, per name and
// priority, the `seq` up to which all jobs were claimed more than `settleMs` ago, and searches
// only beyond it:
//
//   priority   ── seq ──▶
//       10     ░░░░░░░░░░|▓▓▓▓     ░ dead entries, below the bound      ▓ ready jobs
//        0     ░░░░|▓▓▓▓▓▓▓▓       all other priorities are searched as a range
//
// A sweep, which ignores the bounds, finds ready jobs below a bound: jobs whose transaction
// committed later than the bound allows for, jobs that another transaction had locked, and jobs
// that were released. A worker sweeps in three cases: every ten seconds; after a claim that found
// nothing, but then at most every two seconds; and when it is notified of released jobs.

// Time before a claimed `seq` becomes a bound. The next claim still finds jobs that commit within
// this time.
const settleMs = 2_000
const sweepEveryMs = 10_000
const sweepIdleEveryMs = 2_000
// Priorities beyond this number are searched as a range.
const maxPriorities = 8
const lowest = -32_768
const highest = 32_767

/** A claimed job. */
interface Claimed {
  readonly name: string
  readonly priority: number
  readonly seq: number
}

/** The bounds for one job name and priority. */
interface Bound {
  /**
   * All jobs up to this `seq` were claimed more than {@link settleMs} ago, except jobs that
   * committed late.
   */
  settled: number
  /** The highest `seq` claimed by the time `pendingMs`. */
  pending: number
  pendingMs: number
  latest: number
}

/** Remembers up to which `seq` a worker has claimed the jobs of its names. */
export class ClaimBounds {
  readonly #slots: Pick<Slots, 'names' | 'hasShares'>
  readonly #bounds = new Map<string, Map<number, Bound>>()
  #sweptMs = -Infinity

  constructor(slots: Pick<Slots, 'names' | 'hasShares'>) {
    this.#slots = slots
  }

  /** Makes the next claim a sweep. */
  sweepNext(): void {
    this.#sweptMs = -Infinity
  }

  /**
   * Returns whether to sweep after a claim that found nothing, since a job may have been committed
   * late.
   */
  sweepInstead(nowMs: number): boolean {
    if (this.#bounds.size === 0 || nowMs - this.#sweptMs < sweepIdleEveryMs) return false
    this.sweepNext()
    return true
  }

  /** Records claimed jobs, in their order within each name and priority. */
  claimed(jobs: readonly Claimed[], nowMs: number): void {
    // With shares, jobs are claimed out of order, so there is no `seq` up to which all jobs are
    // claimed.
    if (this.#slots.hasShares) return
    for (const { name, priority, seq } of jobs) {
      const byPriority = this.#bounds.get(name) ?? new Map<number, Bound>()
      this.#bounds.set(name, byPriority)
      const bound = byPriority.get(priority)
      if (bound) bound.latest = Math.max(bound.latest, seq)
      else if (byPriority.size < maxPriorities)
        byPriority.set(priority, { settled: 0, pending: seq, pendingMs: nowMs, latest: seq })
    }
  }

  /**
   * Returns the segments that the next claim searches for jobs with these names. If a sweep is due,
   * they contain all ready jobs.
   */
  segments(names: readonly string[], nowMs: number): ClaimSegments {
    const isSweep = nowMs - this.#sweptMs >= sweepEveryMs
    // Only a sweep over all names finds every late job.
    if (isSweep && names.length === this.#slots.names.length) this.#sweptMs = nowMs
    const segments: Segments = { behind: [], ranges: [] }
    for (const name of names) addSegments(segments, name, isSweep ? [] : this.#settled(name, nowMs))
    return segments
  }

  /** Returns the settled bounds of a name, highest priority first. */
  #settled(name: string, nowMs: number): readonly (readonly [priority: number, seq: number])[] {
    const settled: [number, number][] = []
    for (const [priority, bound] of this.#bounds.get(name) ?? []) {
      if (nowMs - bound.pendingMs >= settleMs) {
        bound.settled = bound.pending
        bound.pending = bound.latest
        bound.pendingMs = nowMs
      }
      if (bound.settled > 0) settled.push([priority, bound.settled])
    }
    return settled.sort(([one], [other]) => other - one)
  }
}

interface Segments {
  readonly behind: ClaimSegments['behind'][number][]
  readonly ranges: ClaimSegments['ranges'][number][]
}

function addSegments(
  { behind, ranges }: Segments,
  name: string,
  settled: readonly (readonly [priority: number, seq: number])[],
): void {
  let high = highest
  for (const [priority, after] of settled) {
    if (high > priority) ranges.push({ name, low: priority + 1, high })
    behind.push({ name, priority, after })
    high = priority - 1
  }
  if (high >= lowest) ranges.push({ name, low: lowest, high })
}

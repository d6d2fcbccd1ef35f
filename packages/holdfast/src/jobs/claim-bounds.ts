import type { ClaimSegments } from './queries/claim-jobs.ts'
import type { Slots } from './slots.ts'

// The cost of a claim must not grow with what earlier claims left behind. Until a vacuum, the index of ready jobs has an
// entry for each job that was ready before, and while an old snapshot is open (a backup, a long report), no vacuum removes
// them. So a worker remembers, by name and priority, up to which `seq` all was claimed a while ago, and looks only behind:
//
//   priority   ── seq ──▶
//       10     ░░░░░░░░░░|▓▓▓▓     ░ dead entries, below the bound      ▓ ready jobs
//        0     ░░░░|▓▓▓▓▓▓▓▓       all other priorities are looked at as a whole
//
// What is below a bound and ready all the same is found by a sweep, which has no bounds: jobs whose transaction took longer
// to commit than the bound is old, that were locked by another transaction, or that were handed back. A worker sweeps every
// ten seconds, when a claim has found nothing (at most every two), and when it hears that jobs were handed back.

// A transaction that commits within it is found at once.
const settleMs = 2_000
const sweepEveryMs = 10_000
const sweepIdleEveryMs = 2_000
// Beyond them, priorities are looked at as a whole.
const maxPriorities = 8
const lowest = -32_768
const highest = 32_767

/** A job that has been claimed. */
interface Claimed {
  readonly name: string
  readonly priority: number
  readonly seq: number
}

/** How far the jobs of one name and priority have been claimed. */
interface Bound {
  /** All up to it was claimed more than {@link settleMs} ago, but for late jobs. */
  settled: number
  /** The highest that was claimed by `pendingMs`. */
  pending: number
  pendingMs: number
  latest: number
}

/** Up to where a worker has claimed the jobs of its names. */
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

  /** Returns whether a sweep follows a claim that has found nothing: a job may have been committed late. */
  sweepInstead(nowMs: number): boolean {
    if (this.#bounds.size === 0 || nowMs - this.#sweptMs < sweepIdleEveryMs) return false
    this.sweepNext()
    return true
  }

  /** Remembers that jobs were claimed, in their order within each name and priority. */
  claimed(jobs: readonly Claimed[], nowMs: number): void {
    // Jobs of shares pass each other, so that there is no bound below which all have been claimed.
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

  /** Returns where the next claim looks for jobs of these names; everywhere if a sweep is due. */
  segments(names: readonly string[], nowMs: number): ClaimSegments {
    const isSweep = nowMs - this.#sweptMs >= sweepEveryMs
    // Only what looks for all names finds all that is late.
    if (isSweep && names.length === this.#slots.names.length) this.#sweptMs = nowMs
    const segments: Segments = { behind: [], ranges: [] }
    for (const name of names) addSegments(segments, name, isSweep ? [] : this.#settled(name, nowMs))
    return segments
  }

  /** Returns the settled bounds of a name, those of the highest priorities first. */
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

// Decides where the answer of a key is stored, and when old answers are deleted.
//
// Answers are stored in a fixed ring of tables (leaves), created by the migration. Time is divided
// into slots of equal width; slot s belongs to leaf s mod 8. During slot n, the leaf of slot n + 1
// is truncated, so that the cost of pruning does not depend on the number of keys:
//
//   slot   n-6  n-5  n-4  n-3  n-2  n-1   n   n+1
//          └────────── live ───────────────┘   └── truncated during slot n, never in its last hour
//
// A UUIDv7 contains its creation time, which determines its slot: all attempts use the same slot.
// Any other key belongs to the slot of its attempt, and is looked up in all live leaves, newest
// first.
//
// Invariants:
//
// - If two attempts with one key overlap in time, they write to at least one common leaf. The
//   primary key of that leaf lets only one of them commit. A UUIDv7 has one leaf. For other keys,
//   attempts within `overlapMs` of a boundary write to both leaves; attempts without a common leaf
//   started more than `2 * overlapMs` apart. This is longer than any deadline, so the later attempt
//   has seen the earlier one's row.
// - A leaf is truncated only when all of its answers are older than the retention plus an hour, and
//   while no attempt can write to it. If an answer was written to two leaves, its row in the older
//   leaf may be deleted up to `overlapMs` earlier; the other row is still found.
// - All times are times of the database's clock. A process stores the offset between this clock and
//   its own, and repeats an attempt if the claim shows that the offset was wrong.
// - A new width begins a new schema epoch, in which attempts with the old width cannot commit.

/** Number of tables in the ring. */
export const leafCount = 8

/** Number of slots that are readable at any one time. */
const liveCount = leafCount - 1

const hourMs = 3_600_000
/** Time for which answers are kept beyond their retention. */
const spareMs = hourMs
/** Time before and after a slot boundary during which opaque keys are written to both slots. */
const overlapMs = 15 * 60_000
const minWidthMs = 4 * hourMs
/**
 * Max error of the offset to the database's clock. If the error is larger, an attempt must not
 * choose a slot.
 */
const maxOffsetErrorMs = 60_000

/**
 * The leaves from which a key's answer is read, newest first, and the leaves to which it is
 * written.
 */
export interface KeyPlace {
  readonly read: readonly number[]
  readonly write: readonly number[]
}

/** The stored layout of the ring. */
export interface RingRow {
  /** Length of a slot, in milliseconds. */
  readonly width_ms: number
  /** The time at which this width took effect, in milliseconds since the Unix epoch. */
  readonly since_ms: number
  /** The database's clock, in milliseconds since the Unix epoch. */
  readonly now_ms: number
  /** The schema epoch in which the layout was read. */
  readonly epoch: number
}

/** Returns the slot width, in milliseconds, with which answers are kept for the retention. */
export function widthFor(retentionMs: number): number {
  return Math.max(minWidthMs, Math.ceil((retentionMs + spareMs) / (leafCount - 2)))
}

/** A process's copy of the ring's layout. */
export class KeyRing {
  #row: RingRow
  /** The database's clock minus this process's monotonic clock, in milliseconds. */
  #offsetMs: number

  constructor(row: RingRow) {
    this.#row = row
    this.#offsetMs = row.now_ms - performance.now()
  }

  /** The schema epoch in which the layout was read. */
  get epoch(): number {
    return this.#row.epoch
  }

  get widthMs(): number {
    return this.#row.width_ms
  }

  /** The database's time, in milliseconds since the Unix epoch. */
  nowMs(): number {
    return performance.now() + this.#offsetMs
  }

  /** Replaces the layout. */
  update(row: RingRow): void {
    this.#row = row
    this.#offsetMs = row.now_ms - performance.now()
  }

  /**
   * Returns true if the offset was accurate enough for an attempt to choose a slot; otherwise
   * corrects the offset.
   */
  correct(databaseNowMs: number): boolean {
    const errorMs = databaseNowMs - this.nowMs()
    const isGood = Math.abs(errorMs) <= maxOffsetErrorMs
    if (!isGood) this.#offsetMs += errorMs
    return isGood
  }

  /**
   * Returns the leaves of a key. `madeAtMs` is the time in a UUIDv7, or `undefined` for any other
   * key.
   */
  locate(madeAtMs: number | undefined): KeyPlace {
    const nowMs = this.nowMs()
    const first = this.#leafAt(madeAtMs ?? nowMs - overlapMs)
    const last = this.#leafAt(madeAtMs ?? nowMs + overlapMs)
    const place = places[first * leafCount + last]!
    const isOneLeaf = madeAtMs !== undefined && madeAtMs > this.#row.since_ms + overlapMs
    return isOneLeaf ? place : { read: this.live(), write: place.write }
  }

  /** Returns the leaves that may hold answers, newest first. */
  live(): readonly number[] {
    const nowMs = this.nowMs()
    return (this.#isSettledAt(nowMs) ? liveLeaves : allLeaves)[this.#leafAt(nowMs)]!
  }

  /** Returns the leaf that may be truncated now; `undefined` if no leaf may be truncated. */
  expired(): number | undefined {
    const nowMs = this.nowMs()
    const width = this.#row.width_ms
    const isLate = nowMs % width > width - spareMs
    return isLate || !this.#isSettledAt(nowMs) ? undefined : this.#leafAt(nowMs + width)
  }

  /** Returns true if all answers stored with an earlier width have expired. */
  #isSettledAt(nowMs: number): boolean {
    return nowMs >= this.#row.since_ms + leafCount * this.#row.width_ms
  }

  #leafAt(ms: number): number {
    return Math.floor(ms / this.#row.width_ms) % leafCount
  }
}

// Computed once, so that looking up a key's leaves allocates almost nothing.
const allLeaves = leavesByNewest(leafCount)
const liveLeaves = leavesByNewest(liveCount)

/**
 * Returns, for each leaf, the `count` newest leaves at the time when that leaf is the newest;
 * newest first.
 */
function leavesByNewest(count: number): readonly (readonly number[])[] {
  return Array.from({ length: leafCount }, (_, newest) =>
    Array.from({ length: count }, (__, age) => (newest - age + leafCount) % leafCount),
  )
}

/**
 * The place for each pair of leaves, including each leaf paired with itself. An answer is written
 * to both leaves of the pair, and read from both.
 */
const places: readonly KeyPlace[] = Array.from({ length: leafCount * leafCount }, (_, index) => {
  const first = Math.floor(index / leafCount)
  const last = index % leafCount
  const write = first === last ? [first] : [first, last]
  return { read: write, write }
})

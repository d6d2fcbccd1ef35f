import { TimeZone, type WallMs } from './time-zone.ts'
import { WallTimes } from './wall-times.ts'

// The longest time by which a clock was set back since 1970, not counting zones that moved across
// the date line.
const maxFoldMs = 3 * 3_600_000
const dayMs = 86_400_000

/**
 * The instants at which a schedule is due, in its time zone.
 *
 * Clock changes are handled as follows:
 * - Times of day (`30 2 * * *`, `0,20 1-3 * * *`): a time that does not exist is due once, at the
 *   first instant after the gap; a time that occurs twice is due once, the first time. Times that
 *   coincide are due once.
 * - Intervals, whose hours are `*` with or without a step (`0,20,40 * * * *`): due whenever the
 *   clock shows one of these times. So an interval continues through a repeated hour, and it
 *   continues through a gap as if the gap did not exist.
 *
 * Instants are milliseconds since the Unix epoch.
 */
export class ScheduleTimes {
  readonly #zone: TimeZone
  readonly #times: WallTimes

  constructor(cron: string, timeZone: string) {
    this.#zone = new TimeZone(timeZone)
    this.#times = new WallTimes(cron)
  }

  /** Returns the first due instant after an instant; `undefined` if there is no such instant. */
  next(afterMs: number): number | undefined {
    return this.#times.isInterval ? this.#nextOfInterval(afterMs) : this.#nextOfDay(afterMs)
  }

  /** Returns the last due instant up to an instant; `undefined` if there is no such instant. */
  previous(untilMs: number): number | undefined {
    return this.#times.isInterval ? this.#previousOfInterval(untilMs) : this.#previousOfDay(untilMs)
  }

  #nextOfDay(afterMs: number): number | undefined {
    for (const timeMs of this.#times.after(this.#zone.wallAt(afterMs))) {
      const dueMs = this.#zone.firstAt(timeMs)
      // A time that occurs twice is due only at its first occurrence.
      if (dueMs > afterMs) return dueMs
    }
    return undefined
  }

  #previousOfDay(untilMs: number): number | undefined {
    const isRepeated = this.#zone.offsetAt(untilMs - maxFoldMs) > this.#zone.offsetAt(untilMs)
    // If the clock repeats this hour, the times until the end of the hour were already due when it
    // first occurred. Search these times too.
    const wallMs = this.#zone.wallAt(untilMs) + (isRepeated ? maxFoldMs : 0)
    for (const timeMs of this.#times.before(wallMs + 1)) {
      const dueMs = this.#zone.firstAt(timeMs)
      if (dueMs <= untilMs) return dueMs
    }
    return undefined
  }

  /**
   * Proceeds from one clock change to the next: between them, wall times and instants differ by a
   * constant.
   */
  #nextOfInterval(afterMs: number): number | undefined {
    let fromMs = afterMs + 1
    for (;;) {
      const offsetMs = this.#zone.offsetAt(fromMs)
      const { value: timeMs } = this.#times.after(fromMs + offsetMs - 1).next()
      if (timeMs === undefined) return undefined
      const dueMs = timeMs - offsetMs
      const endMs = Math.min(dueMs, fromMs + dayMs)
      if (this.#zone.offsetAt(endMs) !== offsetMs) fromMs = this.#zone.changeBetween(fromMs, endMs)
      else if (dueMs === endMs) return dueMs
      else return this.#nextOnLaterDay(fromMs + offsetMs)
    }
  }

  #previousOfInterval(untilMs: number): number | undefined {
    let toMs = untilMs
    for (;;) {
      const offsetMs = this.#zone.offsetAt(toMs)
      const { value: timeMs } = this.#times.before(toMs + offsetMs + 1).next()
      if (timeMs === undefined) return undefined
      const dueMs = timeMs - offsetMs
      const startMs = Math.max(dueMs, toMs - dayMs)
      if (this.#zone.offsetAt(startMs) !== offsetMs) toMs = this.#zone.changeBetween(startMs, toMs) - 1
      else if (dueMs === startMs) return dueMs
      else return this.#previousOnEarlierDay(toMs + offsetMs)
    }
  }

  #nextOnLaterDay(wallMs: WallMs): number | undefined {
    for (const timeMs of this.#times.after(wallMs)) {
      const dueMs = this.#zone.instantsOf(timeMs)[0]
      if (dueMs !== undefined) return dueMs
    }
    return undefined
  }

  #previousOnEarlierDay(wallMs: WallMs): number | undefined {
    for (const timeMs of this.#times.before(wallMs)) {
      const dueMs = this.#zone.instantsOf(timeMs).at(-1)
      if (dueMs !== undefined) return dueMs
    }
    return undefined
  }

  /**
   * Returns an instant before `untilMs` such that about `count` due instants lie between the two:
   * at most `count`, or slightly more around a clock change.
   */
  countBack(
    untilMs: number,
    { count, afterMs }: { readonly count: number; readonly afterMs: number },
  ): number {
    const wallAfterMs = this.#zone.wallAt(afterMs)
    let left = count
    for (const timeMs of this.#times.before(this.#zone.wallAt(untilMs) + 1)) {
      if (timeMs <= wallAfterMs) return afterMs
      if (left === 0) return Math.max(afterMs, this.#zone.firstAt(timeMs))
      left -= 1
    }
    return afterMs
  }
}

/** A date and time without a zone, in milliseconds since the Unix epoch as if the zone were UTC. */
export type WallMs = number

// The offsets a day before and a day after a time are looked up. These two days are longer than any
// clock change, and shorter than the time between two changes.
const dayMs = 86_400_000

/**
 * The clock of a time zone: maps instants to wall times and back. Instants are milliseconds since
 * the Unix epoch.
 */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat

  /** @throws RangeError if the IANA database has no zone of this name. */
  constructor(name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** Returns the wall time at an instant. */
  wallAt(instantMs: number): WallMs {
    // '11/30/2026, 07:41:19'
    const [month, day, year, hour, minute, second] = this.#format.format(instantMs).match(/\d+/g)!.map(Number)
    return Date.UTC(year!, month! - 1, day, hour, minute, second) + (instantMs % 1_000)
  }

  /** Returns the offset from UTC at an instant, in milliseconds. */
  offsetAt(instantMs: number): number {
    return this.wallAt(instantMs) - instantMs
  }

  /**
   * Returns the instants that have a wall time, in order: no instant if the clock skips the time,
   * two instants if the time occurs twice.
   */
  instantsOf(wallMs: WallMs): readonly number[] {
    const instants = this.#offsetsAround(wallMs)
      .map((offsetMs) => wallMs - offsetMs)
      .filter((instantMs) => this.wallAt(instantMs) === wallMs)
    return [...new Set(instants)].toSorted((a, b) => a - b)
  }

  /** Returns the first instant at which the clock shows a wall time or a later one. */
  firstAt(wallMs: WallMs): number {
    const [first] = this.instantsOf(wallMs)
    return first ?? this.#endOfGap(wallMs)
  }

  #offsetsAround(wallMs: WallMs): readonly number[] {
    return [...new Set([wallMs - dayMs, wallMs, wallMs + dayMs].map((nearMs) => this.offsetAt(nearMs)))]
  }

  /** Returns the instant at which the clock skips a wall time. */
  #endOfGap(wallMs: WallMs): number {
    const offsets = this.#offsetsAround(wallMs)
    return this.changeBetween(wallMs - Math.max(...offsets) - 1_000, wallMs - Math.min(...offsets) + 1_000)
  }

  /**
   * Returns the instant of the clock change between two instants with different offsets, precise to
   * the second.
   */
  changeBetween(startMs: number, endMs: number): number {
    const offsetMs = this.offsetAt(startMs)
    let before = Math.floor(startMs / 1_000)
    let after = Math.ceil(endMs / 1_000)
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (this.offsetAt(middle * 1_000) === offsetMs) before = middle
      else after = middle
    }
    return after * 1_000
  }
}

import { Cron, CronPattern } from 'croner'
import type { WallMs } from './time-zone.ts'

const minuteMs = 60_000
const minutesPerHour = 60
const dayMs = 86_400_000
const maxRemembered = 16

/**
 * The wall times of five cron fields, without a time zone. Croner finds the days. The times within
 * a day are a list, so iterating over them is cheap.
 */
export class WallTimes {
  /**
   * True if the fields describe an interval, such as every 20 minutes, rather than times of day.
   */
  readonly isInterval: boolean
  readonly #days: Cron
  readonly #daysFrom = new Map<WallMs, WallMs | undefined>()
  readonly #daysUpTo = new Map<WallMs, WallMs | undefined>()
  /** Ascending. */
  readonly #timesOfDayMs: readonly number[]

  /** @throws Error if the fields are invalid. */
  constructor(cron: string) {
    const { hour, minute } = new CronPattern(cron, undefined, { mode: '5-part' })
    const [, hours, ...days] = cron.trim().split(/\s+/)
    this.#days = new Cron(`0 0 ${days.join(' ')}`, { utcOffset: 0, paused: true, mode: '5-part' })
    this.#timesOfDayMs = hour.flatMap((isHour, h) =>
      isHour ? minute.flatMap((isMinute, m) => (isMinute ? [(h * minutesPerHour + m) * minuteMs] : [])) : [],
    )
    this.isInterval = hour.every(Boolean) || /^(?:\*|\?|0-23)(?:\/|$)/.test(hours!)
  }

  /** Yields the times after a time, in order. */
  *after(wallMs: WallMs): Generator<WallMs, void> {
    let dayStartMs = this.#dayFrom(startOfDay(wallMs))
    while (dayStartMs !== undefined) {
      for (const timeMs of this.#timesOfDayMs) if (dayStartMs + timeMs > wallMs) yield dayStartMs + timeMs
      dayStartMs = this.#dayFrom(dayStartMs + dayMs)
    }
  }

  /** Yields the times before a time, in reverse order. */
  *before(wallMs: WallMs): Generator<WallMs, void> {
    let dayStartMs = this.#dayUpTo(startOfDay(wallMs))
    while (dayStartMs !== undefined) {
      for (const timeMs of this.#timesOfDayMs.toReversed())
        if (dayStartMs + timeMs < wallMs) yield dayStartMs + timeMs
      dayStartMs = this.#dayUpTo(dayStartMs - dayMs)
    }
  }

  /** Returns the first matching day, from the given day on. */
  #dayFrom(dayStartMs: WallMs): WallMs | undefined {
    return this.#remember(this.#daysFrom, dayStartMs, () => this.#days.nextRun(new Date(dayStartMs - 1_000)))
  }

  /** Returns the last matching day, up to the given day. */
  #dayUpTo(dayStartMs: WallMs): WallMs | undefined {
    return this.#remember(
      this.#daysUpTo,
      dayStartMs,
      () => this.#days.previousRuns(1, new Date(dayStartMs + 1_000))[0] ?? null,
    )
  }

  /**
   * Caches days: Croner takes a hundred times longer to find a day than everything else takes, and
   * the same days are looked up repeatedly.
   */
  #remember(
    known: Map<WallMs, WallMs | undefined>,
    dayStartMs: WallMs,
    find: () => Date | null,
  ): WallMs | undefined {
    if (known.has(dayStartMs)) return known.get(dayStartMs)
    if (known.size >= maxRemembered) known.clear()
    const found = find()?.getTime()
    known.set(dayStartMs, found)
    return found
  }
}

function startOfDay(wallMs: WallMs): WallMs {
  return Math.floor(wallMs / dayMs) * dayMs
}

import { Cron, CronPattern } from 'croner'
import type { WallMs } from './time-zone.ts'

const minuteMs = 60_000
const minutesPerHour = 60
const dayMs = 86_400_000
const maxRemembered = 16

/**
 * The wall times that five cron fields name, without a time zone. Croner finds the days; the times of a day are a list, so
 * that one after the other costs next to nothing.
 */
export class WallTimes {
  /** Whether the fields name an interval, such as every 20 minutes, rather than times of a day. */
  readonly isInterval: boolean
  readonly #days: Cron
  readonly #daysFrom = new Map<WallMs, WallMs | undefined>()
  readonly #daysUpTo = new Map<WallMs, WallMs | undefined>()
  /** Ascending. */
  readonly #timesOfDayMs: readonly number[]

  /** @throws Error if the fields cannot be read. */
  constructor(cron: string) {
    const { hour, minute } = new CronPattern(cron, undefined, { mode: '5-part' })
    const [, hours, ...days] = cron.trim().split(/\s+/)
    this.#days = new Cron(`0 0 ${days.join(' ')}`, { utcOffset: 0, paused: true, mode: '5-part' })
    this.#timesOfDayMs = hour.flatMap((isHour, h) =>
      isHour ? minute.flatMap((isMinute, m) => (isMinute ? [(h * minutesPerHour + m) * minuteMs] : [])) : [],
    )
    this.isInterval = hour.every(Boolean) || /^(?:\*|\?|0-23)(?:\/|$)/.test(hours!)
  }

  /** Yields the times after one, in order. */
  *after(wallMs: WallMs): Generator<WallMs, void> {
    let dayStartMs = this.#dayFrom(startOfDay(wallMs))
    while (dayStartMs !== undefined) {
      for (const timeMs of this.#timesOfDayMs) if (dayStartMs + timeMs > wallMs) yield dayStartMs + timeMs
      dayStartMs = this.#dayFrom(dayStartMs + dayMs)
    }
  }

  /** Yields the times before one, the last one first. */
  *before(wallMs: WallMs): Generator<WallMs, void> {
    let dayStartMs = this.#dayUpTo(startOfDay(wallMs))
    while (dayStartMs !== undefined) {
      for (const timeMs of this.#timesOfDayMs.toReversed())
        if (dayStartMs + timeMs < wallMs) yield dayStartMs + timeMs
      dayStartMs = this.#dayUpTo(dayStartMs - dayMs)
    }
  }

  /** Returns the first day from one on. */
  #dayFrom(dayStartMs: WallMs): WallMs | undefined {
    return this.#remember(this.#daysFrom, dayStartMs, () => this.#days.nextRun(new Date(dayStartMs - 1_000)))
  }

  /** Returns the last day up to one. */
  #dayUpTo(dayStartMs: WallMs): WallMs | undefined {
    return this.#remember(
      this.#daysUpTo,
      dayStartMs,
      () => this.#days.previousRuns(1, new Date(dayStartMs + 1_000))[0] ?? null,
    )
  }

  /** To find a day takes Croner a hundred times as long as all else, and the same are looked for again and again. */
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

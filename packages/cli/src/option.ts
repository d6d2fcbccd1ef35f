import type { Duration } from 'holdfast'
import { readTime } from './read-time.ts'
import { usageInvalid } from './usage-invalid.ts'

/** An option of a command: `--limit <n>`. */
export interface Option<Value = unknown> {
  readonly description: string
  /** What stands for its value in the help; absent where it has none. */
  readonly placeholder?: string
  /**
   * Reads what was given, `undefined` where nothing was.
   *
   * @throws HoldfastError `usage-invalid`.
   */
  read(given: string | undefined, name: string): Value
}

/** The options of a command by their names, without the dashes. */
export type Options = Readonly<Record<string, Option>>

/** What options come to. */
export type OptionValues<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer Value> ? Value : never
}

/** What `flag` is given where it was. */
export const isGiven = ''

/** An option that is there or not. */
export function flag(description: string): Option<boolean> {
  return { description, read: (given) => given === isGiven }
}

/** An option with any text. */
export function text(placeholder: string, description: string): Option<string | undefined> {
  return { placeholder, description, read: (given) => given }
}

/** An option with a whole number within bounds, both included. */
export function wholeNumber(
  description: string,
  { min, max, initial }: { readonly min: number; readonly max: number; readonly initial: number },
): Option<number> {
  return {
    placeholder: 'n',
    description: `${description} ${min} to ${max}, ${initial} unless given.`,
    read(given, name) {
      if (given === undefined) return initial
      const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
      if (value >= min && value <= max) return value
      throw usageInvalid(`--${name} ${given}: it has to be a whole number from ${min} to ${max}.`)
    },
  }
}

/** An option with one of a few words. */
export function word<const Word extends string>(
  all: readonly Word[],
  description: string,
): Option<Word | undefined> {
  return {
    placeholder: all.join('|'),
    description,
    read(given, name) {
      const known = all.find((one) => one === given)
      if (given === undefined || known !== undefined) return known
      throw usageInvalid(`--${name} ${given}: it has to be one of ${all.join(', ')}.`)
    },
  }
}

/** An option with some of a few words, separated by commas. */
export function words<const Word extends string>(
  all: readonly Word[],
  { placeholder, description }: { readonly placeholder: string; readonly description: string },
): Option<readonly Word[] | undefined> {
  return {
    placeholder,
    description,
    read(given, name) {
      return given?.split(',').map((word) => {
        const known = all.find((one) => one === word)
        if (known !== undefined) return known
        throw usageInvalid(`--${name} ${given}: there is no ${JSON.stringify(word)}, only ${all.join(', ')}.`)
      })
    },
  }
}

/** An option with a time, or how long ago that was. */
export function time(description: string): Option<Date | undefined> {
  return {
    placeholder: 'time',
    description: `${description} 2h ago is 2h; or 2026-01-31, 2026-01-31T10:00Z.`,
    read(given, name) {
      if (given === undefined) return undefined
      const read = readTime(given, Date.now())
      if (read) return read
      throw usageInvalid(
        `--${name} ${given}: it has to be how long ago (30s, 5m, 2h, 7d), a day (2026-01-31, in UTC), or a time with its offset (2026-01-31T10:00Z, 2026-01-31T11:00+01:00).`,
      )
    },
  }
}

/** An option with a length of time. */
export function duration(description: string): Option<Duration | undefined> {
  return {
    placeholder: 'duration',
    description,
    read(given, name) {
      if (given === undefined || isDuration(given)) return given
      throw usageInvalid(
        `--${name} ${given}: it has to be a length of time above zero with its unit: 30s, 5m, 2h or 7d.`,
      )
    },
  }
}

function isDuration(given: string): given is Duration {
  return /^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(given) && Number.parseFloat(given) > 0
}

import type { Duration } from 'holdfast'
import { readTime } from './read-time.ts'
import { usageInvalid } from './usage-invalid.ts'

/** An option of a command: `--limit <n>`. */
export interface Option<Value = unknown> {
  readonly description: string
  /** The placeholder of the value in the help; absent if the option takes no value. */
  readonly placeholder?: string
  /**
   * Parses the text of the option. `given` is `undefined` if the option is missing.
   *
   * @throws HoldfastError `usage-invalid`.
   */
  read(given: string | undefined, name: string): Value
}

/** The options of a command by name, without the dashes. */
export type Options = Readonly<Record<string, Option>>

/** The parsed values of options. */
export type OptionValues<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer Value> ? Value : never
}

/** The text that `flag` gets if it is present. */
export const isGiven = ''

/** Defines an option without a value, which is either present or absent. */
export function flag(description: string): Option<boolean> {
  return { description, read: (given) => given === isGiven }
}

/** Defines an option with any text. */
export function text(placeholder: string, description: string): Option<string | undefined> {
  return { placeholder, description, read: (given) => given }
}

/** Defines an option whose value is an integer. The bounds are inclusive. */
export function wholeNumber(
  description: string,
  { min, max, initial }: { readonly min: number; readonly max: number; readonly initial: number },
): Option<number> {
  return {
    placeholder: 'n',
    description: `${description} ${min} to ${max}. Default: ${initial}.`,
    read(given, name) {
      if (given === undefined) return initial
      const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
      if (value >= min && value <= max) return value
      throw usageInvalid(`--${name} ${given}: must be an integer from ${min} to ${max}.`)
    },
  }
}

/** Defines an option whose value is one of the given words. */
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
      throw usageInvalid(`--${name} ${given}: must be one of ${all.join(', ')}.`)
    },
  }
}

/** Defines an option whose value is a list of given words, separated by commas. */
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
        throw usageInvalid(
          `--${name} ${given}: unknown value ${JSON.stringify(word)}; expected ${all.join(', ')}.`,
        )
      })
    },
  }
}

/** Defines an option whose value is a time or an age. */
export function time(description: string): Option<Date | undefined> {
  return {
    placeholder: 'time',
    description: `${description} Examples: 2h (2 hours ago), 2026-01-31, 2026-01-31T10:00Z.`,
    read(given, name) {
      if (given === undefined) return undefined
      const read = readTime(given, Date.now())
      if (read) return read
      throw usageInvalid(
        `--${name} ${given}: must be an age (30s, 5m, 2h, 7d), a UTC day (2026-01-31), or a time with its offset (2026-01-31T10:00Z, 2026-01-31T11:00+01:00).`,
      )
    },
  }
}

/** Defines an option with a duration. */
export function duration(description: string): Option<Duration | undefined> {
  return {
    placeholder: 'duration',
    description,
    read(given, name) {
      if (given === undefined || isDuration(given)) return given
      throw usageInvalid(`--${name} ${given}: must be a duration above zero, with a unit: 30s, 5m, 2h or 7d.`)
    },
  }
}

function isDuration(given: string): given is Duration {
  return /^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(given) && Number.parseFloat(given) > 0
}

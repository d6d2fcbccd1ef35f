import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/**
 * Reads environment variables. Each method throws `configuration-invalid` if a variable is set to
 * an invalid value.
 */
export interface Variables {
  /**
   * Returns the text of a variable; `undefined` if the variable is unset or empty, because
   * OpenTelemetry treats both cases alike.
   */
  text(name: string): string | undefined
  number(name: string, range: { readonly min: number; readonly max: number }): number | undefined
  choice<const T extends string>(name: string, choices: readonly T[]): T | undefined
  /** Returns names with values, as in `a=1,b=two%20words`. */
  pairs(name: string): Readonly<Record<string, string>>
}

type Env = Readonly<Record<string, string | undefined>>

/** Creates the reader of an environment's variables. */
export function readVariables(env: Env): Variables {
  function text(name: string): string | undefined {
    const value = env[name]?.trim()
    return value === '' ? undefined : value
  }

  return {
    text,

    number(name, { min, max }) {
      const value = text(name)
      if (value === undefined) return undefined
      const number = Number(value)
      if (/^\d+(\.\d+)?$/.test(value) && number >= min && number <= max) return number
      const range = max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`
      throw invalid(`${name} is ${JSON.stringify(value)}; it must be a number ${range}.`)
    },

    choice(name, choices) {
      const value = text(name)?.toLowerCase()
      if (value === undefined) return undefined
      const chosen = choices.find((choice) => choice === value)
      if (chosen !== undefined) return chosen
      throw invalid(`${name} is ${JSON.stringify(value)}; it must be one of ${choices.join(', ')}.`)
    },

    pairs(name) {
      const items = (text(name) ?? '')
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
      return Object.fromEntries(items.map((item, index) => readPair(item, `${name}, part ${index + 1}`)))
    },
  }
}

/**
 * Parses one pair. The value may be secret, so a message contains only the position of the error.
 */
function readPair(item: string, where: string): [string, string] {
  const equals = item.indexOf('=')
  try {
    if (equals > 0) {
      return [
        decodeURIComponent(item.slice(0, equals).trim()),
        decodeURIComponent(item.slice(equals + 1).trim()),
      ]
    }
  } catch {
    // Reported below.
  }
  throw invalid(
    `${where}, is malformed: expected name=value pairs separated by commas, with %2C for a comma, %3D for an equals sign and %25 for a percent sign in a value.`,
  )
}

/** Returns the error of an invalid variable or option. */
export function invalid(message: string): HoldfastError {
  return new HoldfastError('configuration-invalid', message)
}

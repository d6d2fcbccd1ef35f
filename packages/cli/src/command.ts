import type pg from 'pg'
import type { Options, OptionValues } from './option.ts'
import type { Screen } from './screen.ts'

/** What a command has found or done. */
export interface Result {
  /** What `--json` prints. */
  readonly data: unknown
  /** What a person is told. */
  text(screen: Screen): string
}

/** What a command is given. */
export interface Given<O extends Options> {
  /** As many as it has. */
  readonly arguments: readonly string[]
  readonly options: OptionValues<O>
  /** A connection of its own. */
  readonly client: pg.Client
}

/** A command as it is defined. */
export interface CommandDefinition<O extends Options> {
  /** All of its words: `jobs list`. */
  readonly name: string
  /** What it does, in one line. */
  readonly summary: string
  /** What is to be known before it is used. */
  readonly details?: string
  /** What stands for its arguments in the help. Each is needed. Default none. */
  readonly arguments?: readonly string[]
  readonly options: O
  /** Refuses values that do not go together, before anything is done. */
  check?(options: OptionValues<O>): void
  run(given: Given<O>): Promise<Result>
}

/** What was given to a command, as text. */
export interface GivenTexts {
  readonly arguments: readonly string[]
  readonly options: Readonly<Record<string, string | undefined>>
}

/** A command. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly details: string | undefined
  readonly arguments: readonly string[]
  readonly options: Options
  /**
   * Reads what was given, and gives what does the work.
   *
   * @throws HoldfastError `usage-invalid`.
   */
  prepare(given: GivenTexts): (client: pg.Client) => Promise<Result>
}

/** Defines a command: what its `run` is given has the types of its options. */
export function command<const O extends Options>(definition: CommandDefinition<O>): Command {
  const { name, summary, details, arguments: names = [], options } = definition
  return {
    name,
    summary,
    details,
    arguments: names,
    options,
    prepare(given) {
      const entries = Object.entries(options).map(([key, option]) => [
        key,
        option.read(given.options[key], key),
      ])
      const values = Object.fromEntries(entries) as OptionValues<O>
      definition.check?.(values)
      return (client) => definition.run({ arguments: given.arguments, options: values, client })
    },
  }
}

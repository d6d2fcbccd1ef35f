import type pg from 'pg'
import type { FoundDatabase } from './find-database.ts'
import type { Options, OptionValues } from './option.ts'
import type { Screen } from './screen.ts'
import { withDatabase } from './with-database.ts'

/** The result of a command. */
export interface Result {
  /** The data that `--json` prints; `undefined` if the command has printed its result itself. */
  readonly data: unknown
  /** Returns the text to print for people; empty to print nothing. */
  text(screen: Screen): string
  /** A remark printed to stderr. */
  readonly note?: string
  /** The exit code. Default 0. */
  readonly exitCode?: number
}

/** The parsed input of a command. */
export interface Given<O extends Options> {
  /** The arguments of the command. If the command takes `rest`, further arguments follow. */
  readonly arguments: readonly string[]
  readonly options: OptionValues<O>
}

/** The dependencies of commands that use a connection. */
export interface Connected {
  /** A dedicated connection. */
  readonly client: pg.Client
}

/** The dependencies of commands that locate a database without connecting to it. */
export interface Found {
  readonly database: FoundDatabase
}

/** The definition of a command. */
export interface CommandDefinition<O extends Options, Tools> {
  /** The words of the command: `jobs list`. */
  readonly name: string
  /** The effect of the command, in one line. */
  readonly summary: string
  /** Further help. */
  readonly details?: string
  /** The placeholders of the required arguments in the help. Default: no arguments. */
  readonly arguments?: readonly string[]
  /**
   * The placeholder of further arguments in the help. They are passed to `run` unchanged. Default:
   * no further arguments are accepted.
   */
  readonly rest?: string
  readonly options: O
  /** Throws if options contradict each other, before anything is done. */
  check?(options: OptionValues<O>): void
  run(given: Given<O> & Tools): Promise<Result>
}

/** The raw input of a command, as text. */
export interface RawInput {
  readonly arguments: readonly string[]
  readonly options: Readonly<Record<string, string | undefined>>
}

/** A command. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly details: string | undefined
  readonly arguments: readonly string[]
  readonly rest: string | undefined
  readonly options: Options
  /** True if the command uses no database. */
  readonly isOffline: boolean
  /**
   * Parses the input, and returns a function that runs the command. `database` is `undefined` if
   * the command is offline.
   *
   * @throws HoldfastError `usage-invalid`.
   */
  prepare(given: RawInput): (database: FoundDatabase | undefined) => Promise<Result>
}

/** Defines a command that uses a connection. `run` receives typed options. */
export function command<const O extends Options>(definition: CommandDefinition<O, Connected>): Command {
  return define(
    definition,
    (given) => (database) => withDatabase(database!.url, (client) => definition.run({ ...given, client })),
  )
}

/** Defines a command that gets the address of the database. */
export function databaseCommand<const O extends Options>(definition: CommandDefinition<O, Found>): Command {
  return define(definition, (given) => (database) => definition.run({ ...given, database: database! }))
}

/** Defines a command that uses no database. */
export function offlineCommand<const O extends Options>(definition: CommandDefinition<O, unknown>): Command {
  return { ...define(definition, (given) => () => definition.run(given)), isOffline: true }
}

function define<O extends Options, Tools>(
  definition: CommandDefinition<O, Tools>,
  toWork: (given: Given<O>) => (database: FoundDatabase | undefined) => Promise<Result>,
): Command {
  const { name, summary, details, arguments: names = [], rest, options } = definition
  return {
    name,
    summary,
    details,
    arguments: names,
    rest,
    options,
    isOffline: false,
    prepare(given) {
      const entries = Object.entries(options).map(([key, option]) => [
        key,
        option.read(given.options[key], key),
      ])
      const values = Object.fromEntries(entries) as OptionValues<O>
      definition.check?.(values)
      return toWork({ arguments: given.arguments, options: values })
    },
  }
}

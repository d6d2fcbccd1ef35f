import type pg from 'pg'
import type { FoundDatabase } from './find-database.ts'
import type { Options, OptionValues } from './option.ts'
import type { Screen } from './screen.ts'
import { withDatabase } from './with-database.ts'

/** The result of a command. */
export interface Result {
  /** What `--json` prints; `undefined` if something else has printed the result. */
  readonly data: unknown
  /** Returns what is printed for a person; nothing if it is empty. */
  text(screen: Screen): string
  /** A remark that is printed to stderr. */
  readonly note?: string
  /** Default 0. */
  readonly exitCode?: number
}

/** What a command is given. */
export interface Given<O extends Options> {
  /** As many as it has, and any more if it takes `rest`. */
  readonly arguments: readonly string[]
  readonly options: OptionValues<O>
}

/** What most commands work with. */
export interface Connected {
  /** A connection of its own. */
  readonly client: pg.Client
}

/** What the commands work with that look for a database, and do not connect to it. */
export interface Found {
  readonly database: FoundDatabase
}

/** A command as it is defined. */
export interface CommandDefinition<O extends Options, Tools> {
  /** All of its words: `jobs list`. */
  readonly name: string
  /** What it does, in one line. */
  readonly summary: string
  /** What is to be known before it is used. */
  readonly details?: string
  /** What stands for its arguments in the help. Each is needed. Default none. */
  readonly arguments?: readonly string[]
  /** What stands in the help for any more arguments, which it takes as they are. Default: it takes no more. */
  readonly rest?: string
  readonly options: O
  /** Refuses values that do not go together, before anything is done. */
  check?(options: OptionValues<O>): void
  run(given: Given<O> & Tools): Promise<Result>
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
  readonly rest: string | undefined
  readonly options: Options
  /**
   * Reads what was given, and returns what does the work.
   *
   * @throws HoldfastError `usage-invalid`.
   */
  prepare(given: GivenTexts): (database: FoundDatabase) => Promise<Result>
}

/** Defines a command that works on a connection: its `run` has the types of its options. */
export function command<const O extends Options>(definition: CommandDefinition<O, Connected>): Command {
  return define(
    definition,
    (given) => (database) => withDatabase(database.url, (client) => definition.run({ ...given, client })),
  )
}

/** Defines a command that is given the address of the database. */
export function databaseCommand<const O extends Options>(definition: CommandDefinition<O, Found>): Command {
  return define(definition, (given) => (database) => definition.run({ ...given, database }))
}

function define<O extends Options, Tools>(
  definition: CommandDefinition<O, Tools>,
  toWork: (given: Given<O>) => (database: FoundDatabase) => Promise<Result>,
): Command {
  const { name, summary, details, arguments: names = [], rest, options } = definition
  return {
    name,
    summary,
    details,
    arguments: names,
    rest,
    options,
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

/** One step of a database's schema. */
export interface Migration {
  /** Its number and name, as its file is called without `.sql`: `0001-accounts`. Migrations are applied in the order of their names. */
  readonly name: string
  readonly sql: string
  /**
   * The lowest version of the program that can work with the schema once this is applied. Default 0: every version, as
   * after a table or a nullable column was added. See {@link MigrationSet.version}.
   */
  readonly needsVersion?: number
}

/** The migrations of one owner: of the framework, or of the application. */
export interface MigrationSet {
  /** `'holdfast'` or `'app'`. */
  readonly owner: string
  /** In the order of their names. */
  readonly migrations: readonly Migration[]
  /** True if they change nothing of a session, so that they can share one. Default: each begins in a session of its own. */
  readonly sharesSession?: boolean
  /**
   * The version of the schema that the program is made for. A database with a migration that the program does not have, and
   * that needs a higher version, is refused. Default: none is, each migration fits the version before.
   */
  readonly version?: number
}

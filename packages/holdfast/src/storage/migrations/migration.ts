/** A change to a database's schema. */
export interface Migration {
  /**
   * The file name of the migration without `.sql`, such as `0001-accounts`. Migrations are applied
   * in the order of their names.
   */
  readonly name: string
  readonly sql: string
  /**
   * The lowest program version that works with the schema after this migration. Default 0: every
   * version works with it, for example after the addition of a table or a nullable column. See
   * {@link MigrationSet.version}.
   */
  readonly needsVersion?: number
}

/** The migrations of the framework or of the application. */
export interface MigrationSet {
  /** `'holdfast'` or `'app'`. */
  readonly owner: string
  /** The migrations, in the order of their names. */
  readonly migrations: readonly Migration[]
  /**
   * True if the migrations leave no session state, so that they can share a session. Default false:
   * each migration runs in a new session.
   */
  readonly sharesSession?: boolean
  /**
   * The schema version of the program. A database with an unknown migration that needs a higher
   * version is refused. Default: no database is refused.
   */
  readonly version?: number
}

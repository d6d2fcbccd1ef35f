/** One step of a database's schema. */
export interface Migration {
  /** Its number and name, as its file is called without `.sql`: `0001-accounts`. Migrations are applied in the order of their names. */
  readonly name: string
  readonly sql: string
}

/** The migrations of one owner: of the framework, or of the application. */
export interface MigrationSet {
  /** `'holdfast'` or `'app'`. */
  readonly owner: string
  /** In the order of their names. */
  readonly migrations: readonly Migration[]
  /** True if they change nothing of a session, so that they can share one. Default: each begins in a session of its own. */
  readonly sharesSession?: boolean
}

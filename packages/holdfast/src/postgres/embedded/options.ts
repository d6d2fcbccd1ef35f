import { join } from 'node:path'
import { HoldfastError } from '../../kernel/holdfast-error.ts'

/** Options of `startEmbeddedPostgres`. */
export interface EmbeddedPostgresOptions {
  /** The folder of its files, made when missing. Default `.holdfast/postgres` below the current folder. */
  readonly directory?: string
  /** The database in the address, created when missing. Default `'holdfast'`. */
  readonly database?: string
  /**
   * Settings as in `postgresql.conf`, such as `{ fsync: 'off' }`. They hold from the start of a server: one that
   * already runs, because another process uses it too, keeps its own. Default none.
   */
  readonly settings?: Readonly<Record<string, string>>
  /** How long a shutdown may take, in milliseconds, before the server is ended at once. Default 10,000. */
  readonly stopTimeoutMs?: number
  /** Takes each message for a person, such as that a database is created. Default: nobody is told. */
  readonly notify?: (message: string) => void
}

// They make the server the one of its folder, and keep others out.
const ownSettings = ['data_directory', 'listen_addresses', 'port', 'unix_socket_directories']

/** The options with their defaults. Fails with `embedded-postgres-options` for those that cannot be. */
export function completeOptions(options: EmbeddedPostgresOptions): Required<EmbeddedPostgresOptions> {
  const {
    directory = join('.holdfast', 'postgres'),
    database = 'holdfast',
    settings = {},
    stopTimeoutMs = 10_000,
    notify = () => {},
  } = options
  if (database === '' || Buffer.byteLength(database) > 63) {
    throw impossible('database', `is ${JSON.stringify(database)}. Postgres takes names of 1 to 63 bytes.`)
  }
  for (const name of Object.keys(settings)) {
    const own = ownSettings.includes(name.toLowerCase())
    if (own) throw impossible('settings', `has ${name}, which is not for you to set.`)
    const valid = /^[a-z_][\w.]*$/i.test(name)
    if (!valid) throw impossible('settings', `has ${JSON.stringify(name)}, which is no setting.`)
  }
  const bounded = stopTimeoutMs >= 0
  if (!bounded) throw impossible('stopTimeoutMs', `is ${stopTimeoutMs}. Give milliseconds, 0 or more.`)
  return { directory, database, settings, stopTimeoutMs, notify }
}

function impossible(option: string, what: string): HoldfastError {
  return new HoldfastError(
    'embedded-postgres-options',
    `The option ${option} of startEmbeddedPostgres ${what}`,
  )
}

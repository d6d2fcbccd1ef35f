import { join } from 'node:path'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

/** Options of `startEmbeddedPostgres`. */
export interface EmbeddedPostgresOptions {
  /**
   * The folder of the server's files, created if missing. Default `.holdfast/postgres` below the
   * current folder.
   */
  readonly directory?: string
  /** The name of the database in the URL, created if missing. Default `'holdfast'`. */
  readonly database?: string
  /**
   * Settings as in `postgresql.conf`, such as `{ fsync: 'off' }`. They apply when a server starts:
   * a server already started by another process keeps its settings. Default none.
   */
  readonly settings?: Readonly<Record<string, string>>
  /**
   * Max time for a shutdown before the server is stopped immediately. Default `'10s'`.
   */
  readonly stopTimeout?: Duration
  /**
   * Receives messages for the user, for example when a database is being created. Default: messages
   * are dropped.
   */
  readonly notify?: (message: string) => void
}

/** The options with their defaults. */
export interface CompleteOptions extends Required<Omit<EmbeddedPostgresOptions, 'stopTimeout'>> {
  readonly stopTimeoutMs: number
}

// These settings tie the server to its folder and keep other users out.
const ownSettings = ['data_directory', 'listen_addresses', 'port', 'unix_socket_directories']

/**
 * Returns the options with their defaults.
 *
 * @throws HoldfastError `embedded-postgres-options` or `duration-invalid` for invalid options.
 */
export function completeOptions(options: EmbeddedPostgresOptions): CompleteOptions {
  const {
    directory = join('.holdfast', 'postgres'),
    database = 'holdfast',
    settings = {},
    stopTimeout = '10s',
    notify = () => {},
  } = options
  if (database === '' || Buffer.byteLength(database) > 63) {
    throw impossible('database', `is ${JSON.stringify(database)}. Postgres allows names of 1 to 63 bytes.`)
  }
  for (const name of Object.keys(settings)) {
    const own = ownSettings.includes(name.toLowerCase())
    if (own) throw impossible('settings', `contains ${name}, which Holdfast sets itself.`)
    const valid = /^[a-z_][\w.]*$/i.test(name)
    if (!valid)
      throw impossible('settings', `contains ${JSON.stringify(name)}, which is not a valid setting name.`)
  }
  const stopTimeoutMs = toMilliseconds(stopTimeout, { option: 'stopTimeout', allowsZero: true })
  return { directory, database, settings, stopTimeoutMs, notify }
}

function impossible(option: string, what: string): HoldfastError {
  return new HoldfastError(
    'embedded-postgres-options',
    `The option ${option} of startEmbeddedPostgres ${what}`,
  )
}

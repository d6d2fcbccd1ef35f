import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { HoldfastError } from 'holdfast'
import { databaseUrl, parseDatabaseUrl } from 'holdfast/postgres'
import { type Secret, setting, settings } from 'holdfast/settings'
import type { Settings } from 'holdfast/settings'
import { usageInvalid } from './usage-invalid.ts'

// The default folder of a service's embedded database.
const defaultDirectory = join('.holdfast', 'postgres')

interface DatabaseSettings {
  readonly DATABASE_URL: Secret<string> | undefined
}

const databaseSettings: Settings<DatabaseSettings> = settings<DatabaseSettings>({
  DATABASE_URL: setting(databaseUrl(), {
    description: 'Database address: postgres://user:password@host:5432/name.',
    secret: true,
    optional: true,
  }),
})

/** A database to work on. */
export interface FoundDatabase {
  readonly url: string
  /** The URL over TCP if `url` points to a Unix socket of the embedded server, else `url`. */
  readonly tcpUrl: string
  /**
   * True if the database is on the embedded server, which runs only while a service or a command
   * uses it.
   */
  readonly isEmbedded: boolean
  /** Releases the database: shuts down the embedded server unless another process uses it. */
  release(): Promise<void>
}

/** The command-line options that locate the database. */
export interface DatabaseOption {
  readonly url: string | undefined
  /** The data folder of the embedded server. */
  readonly directory: string | undefined
}

/**
 * Finds the database that the options name. Without options, finds the database of the service in
 * the current folder: the address comes from the environment or from `.env`. If neither has an
 * address, the database is the embedded database.
 *
 * @throws HoldfastError `usage-invalid`, `configuration-invalid`, or one of the codes
 * `embedded-postgres-…`.
 */
export async function findDatabase({ url: given, directory }: DatabaseOption): Promise<FoundDatabase> {
  if (given !== undefined && directory !== undefined)
    throw usageInvalid('Pass either --database-url or --directory.')
  if (given !== undefined) return atUrl(checkUrl(given))
  if (directory !== undefined) return onEmbeddedServer(directory)
  // This import is lazy, because it loads all modules of a service.
  const { awsSecretsManager, readSettings, vault } = await import('holdfast/node')
  const { DATABASE_URL } = await readSettings(databaseSettings, { secrets: [vault(), awsSecretsManager()] })
  if (DATABASE_URL !== undefined) return atUrl(DATABASE_URL.reveal())
  if (process.env['NODE_ENV'] !== 'production' && existsSync(defaultDirectory))
    return onEmbeddedServer(defaultDirectory)
  throw new HoldfastError(
    'configuration-invalid',
    `DATABASE_URL is not set, neither in the environment nor in a .env in the current folder${process.env['NODE_ENV'] === 'production' ? '' : `, and there is no embedded database in ${resolve(defaultDirectory)}`}. Set DATABASE_URL to the address that the service uses (postgres://user@host:5432/name), run this command in the folder of the service, or pass --database-url or --directory.`,
  )
}

function atUrl(url: string): FoundDatabase {
  return { url, tcpUrl: url, isEmbedded: false, release: async () => {} }
}

/** Joins the embedded server if a service has started it; otherwise starts it. */
async function onEmbeddedServer(directory: string): Promise<FoundDatabase> {
  // A missing folder is not created: no service would use it.
  if (!existsSync(directory)) throw usageInvalid(`--directory ${directory}: folder not found.`)
  const { startEmbeddedPostgres } = await import('holdfast/embedded')
  const server = await startEmbeddedPostgres({
    directory,
    notify: (message) => process.stderr.write(`${message}\n`),
  })
  return { url: server.url, tcpUrl: server.tcpUrl, isEmbedded: true, release: () => server.stop() }
}

function checkUrl(given: string): string {
  if (parseDatabaseUrl(given)) return given
  // The value may contain a password, so the message does not show it.
  throw usageInvalid('--database-url: expected postgres://user:password@host:5432/name.')
}

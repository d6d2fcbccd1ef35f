import { rm } from 'node:fs/promises'
import { startEmbeddedPostgres } from '../storage/embedded/embedded.ts'
import { createTestFolder } from './test-folder.ts'

/** A Postgres server for tests. */
export interface TestPostgres {
  /** The URL of the server's administrative database, from which test databases are created. */
  readonly url: string
  /** The same URL over TCP, for programs that cannot connect to a Unix socket. */
  readonly tcpUrl: string
  /** Stops the server and deletes its data. */
  stop(): Promise<void>
}

// Writes do not wait for the disk, because test data need not survive a crash of the machine.
const settings = { fsync: 'off', max_connections: '300', autovacuum_naptime: '5s' }

/**
 * Starts a Postgres server in a temporary folder.
 *
 * @example
 * ```ts no-run
 * const server = await startTestPostgres()
 * console.log(server.url)
 * await server.stop()
 * ```
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  const directory = await createTestFolder()
  const server = await startEmbeddedPostgres({ directory, settings })
  return {
    url: server.url,
    tcpUrl: server.tcpUrl,
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The environment variable with the URL of the server for test databases. */
export const testDatabaseVariable = 'HOLDFAST_TEST_DATABASE_URL'

let own: Promise<TestPostgres> | undefined

/**
 * Returns the URL of the server for tests. If the environment does not specify a server, starts
 * one, which stops when this process ends.
 */
export async function testPostgresUrl(): Promise<string> {
  const given = process.env[testDatabaseVariable]
  if (given !== undefined && given !== '') return given
  own ??= startTestPostgres()
  return (await own).url
}

import pg from 'pg'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Logger } from '../../kernel/base/log.ts'
import {
  connectClient,
  type ConnectClientOptions,
  requireAnswer,
} from '../../storage/postgres/session/connect-client.ts'
import type { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import { isPooled } from '../../storage/postgres/session/is-pooled.ts'
import { requireSupported, serverVersion } from '../../storage/postgres/session/server-version.ts'
import { wrongSettings } from '../../storage/postgres/session/session-settings.ts'
import { type CommitsAtRisk, findCommitsAtRisk, reportCommitsAtRisk } from './commits-at-risk.ts'
import type { Location } from './location.ts'

/** Options of {@link findPooler}. */
export interface FindPoolerOptions {
  readonly log: Logger
  /**
   * True if a crash may lose the data, as in tests. Settings that put commits at risk are then not
   * reported. Default false.
   */
  readonly isDisposable?: boolean
  /** Max time to wait for the server's response, in milliseconds. Default 10,000. */
  readonly answerTimeoutMs?: number
}

/**
 * Returns true if the connection goes through a pooler. Logs the features that do not work through
 * it, and session settings that put commits at risk.
 *
 * @throws HoldfastError `configuration-invalid` if the direct URL points to a pooler or to a
 *   different database, or if a pooler's sessions have settings that the driver cannot work with;
 *   `database-unreachable`; `database-too-old`.
 */
export async function findPooler(
  { connectionString, directConnectionString, ownerConnectionString }: Location,
  { log, isDisposable = false, answerTimeoutMs = 10_000 }: FindPoolerOptions,
): Promise<boolean> {
  const way = await requireAnswer(explore(connectionString, answerTimeoutMs))
  if (ownerConnectionString !== undefined) {
    const ownerWay = await requireAnswer(explore(ownerConnectionString, answerTimeoutMs))
    requireDirect('DATABASE_OWNER_URL', ownerWay, way)
  }
  if (!isDisposable) reportCommitsAtRisk(way.atRisk, log)
  if (directConnectionString === undefined) {
    if (way.isPooled) log.warn(withoutDirectWay)
    return way.isPooled
  }
  const directWay = await requireAnswer(explore(directConnectionString, answerTimeoutMs))
  requireDirect('DATABASE_DIRECT_URL', directWay, way)
  return way.isPooled
}

const withoutDirectWay =
  'the database is behind a connection pooler and DATABASE_DIRECT_URL is not set: migrations cannot be applied, and jobs and messages of other processes are polled once a second'

/** Throws if the URL in a variable points to a pooler, or to a different database. */
function requireDirect(variable: string, { isPooled: leadsToPooler, database }: Way, way: Way): void {
  if (leadsToPooler)
    throw invalid(
      `${variable} points to a connection pooler. Set it to the host and port of the Postgres server.`,
    )
  if (database !== way.database)
    throw invalid(
      `${variable} points to a different database (${database}) than DATABASE_URL (${way.database}): migrations would be applied to the wrong database. Set both to the same database.`,
    )
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('configuration-invalid', message)
}

/** The server that a URL points to. */
interface Way {
  readonly isPooled: boolean
  /** Identifies the database and its server, regardless of the host and port used to reach it. */
  readonly database: string
  readonly atRisk: readonly CommitsAtRisk[]
}

async function explore(connectionString: string, queryTimeoutMs: number): Promise<Way> {
  const client = await connectToEither(connectionString, queryTimeoutMs)
  try {
    const way = {
      isPooled: await isPooled(client),
      database: await identify(client),
      atRisk: await findCommitsAtRisk(client),
    }
    if (way.isPooled) await checkSettings(client)
    return way
  } finally {
    await client.end()
  }
}

/**
 * Connects to a server or a pooler. The session overrides time limits of the role or the database,
 * which could cancel the first statements. If a pooler rejects these settings, the session opens
 * without them.
 */
async function connectToEither(connectionString: string, queryTimeoutMs: number): Promise<DriverClient> {
  const options: ConnectClientOptions = {
    connectionString,
    applicationName: 'holdfast (start)',
    queryTimeout: `${queryTimeoutMs}ms`,
  }
  try {
    return await connectClient(options)
  } catch (error) {
    const cause = error instanceof HoldfastError ? error.cause : undefined
    if (!(cause instanceof pg.DatabaseError) || cause.code !== protocolViolation) throw error
    return connectClient({ ...options, isPooled: true })
  }
}

const protocolViolation = '08P01'

/**
 * Throws if settings of a pooler's sessions differ from those that the driver needs. On direct
 * connections, the service sets them itself.
 */
async function checkSettings(client: pg.Client): Promise<void> {
  const wrong = await wrongSettings(client)
  if (wrong.length === 0) return
  throw invalid(
    `The database is behind a connection pooler, and some settings of its sessions change the meaning of values. Change them for the role of DATABASE_URL, and make the pooler reopen its sessions: ${wrong.map((setting) => `alter role … ${setting};`).join(' ')}`,
  )
}

async function identify(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string; maySee: boolean; version: number }>(`
    select current_database() as name, ${serverVersion} as version,
      has_function_privilege('pg_control_system()', 'execute') as "maySee"`)
  const { name, maySee, version } = rows[0]!
  requireSupported(version)
  // Some providers hide the server's identity from customers. In that case, only the database's
  // name is known.
  if (!maySee) return name
  const { rows: servers } = await client.query<{ id: string }>(
    'select system_identifier::text as id from pg_control_system()',
  )
  return `${name} of the server ${servers[0]!.id}`
}

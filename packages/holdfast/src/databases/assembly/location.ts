import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import { isLocal, readTls } from '../../storage/postgres/session/connection-url.ts'
import {
  isUnixSocket,
  parseDatabaseUrl,
  requireDatabaseUrl,
  serverOf,
} from '../../storage/postgres/session/database-url.ts'
import { followUrls, urlsOf } from './database-urls.ts'
import { fixedUrls, type UrlChanges } from '../../storage/postgres/session/url-changes.ts'

/** A database and its connection parameters. */
export interface Location {
  readonly connectionString: string
  /**
   * A URL that points to the server itself, for a `connectionString` that points to a pooler;
   * `undefined` if not configured.
   */
  readonly directConnectionString: string | undefined
  /**
   * A URL of the role that owns the tables and applies migrations; `undefined` if the service's own
   * role does both.
   */
  readonly ownerConnectionString: string | undefined
  /**
   * The role that migrations grant the rights of the service to; `undefined` for the role of
   * `connectionString`.
   */
  readonly groupRole: string | undefined
  /** Connection strings of the replicas. */
  readonly replicas: readonly string[]
  /** The changes of these URLs. */
  readonly urls: UrlChanges
  /** Instructions for replacing this database with an empty database. Messages include them. */
  readonly startAfresh: string
  /** True if the server was started for this process. */
  readonly isEmbedded: boolean
  /** Stops the server if it was started for this process; does nothing otherwise. */
  stop(): Promise<void>
}

/** A connection string, and whether it points to a pooler. */
export interface Route {
  /** The URL to connect with now: its user and password may change. */
  readonly connectionString: string
  /** True if the connection string points to a pooler in transaction mode. */
  readonly isPooled: boolean
}

/** Options that locate a database. */
export interface LocationOptions {
  /**
   * The `postgres://` URL of the database. Default: `DATABASE_URL`, else an embedded server in
   * development.
   */
  readonly url?: string
  /**
   * A `postgres://` URL that points to the server itself. Default: `DATABASE_DIRECT_URL`, if `url`
   * is not set. Set it if `url` points to a pooler such as PgBouncer. Otherwise, migrations cannot
   * be applied, and workers have to poll once a second, because they cannot be woken.
   */
  readonly directUrl?: string
  /**
   * A `postgres://` URL of the role that owns the tables, for migrations. It points to the server
   * itself. Default: `DATABASE_OWNER_URL`, if `url` is not set, else the service applies migrations
   * as its own role. Set it to run the service as a role that can neither change tables nor bypass
   * policies.
   */
  readonly ownerUrl?: string
  /**
   * The name of the role that migrations grant the rights of the service to. Default:
   * `DATABASE_GROUP_ROLE`, if `url` is not set, else the role of `url`. Set it, together with
   * `ownerUrl`, if the role of `url` changes: the users that Vault creates must be members of this
   * role.
   */
  readonly groupRole?: string
  /**
   * `postgres://` URLs of replicas that queries may read from. In the environment variable, the
   * URLs are separated by commas. Default: `DATABASE_REPLICA_URLS`, if `url` is not set.
   */
  readonly replicas?: readonly string[]
  /**
   * The reason why a service in production may reach a database on another machine without verified
   * TLS. Without a reason, such a service does not start. Default: `DATABASE_TLS_EXCEPTION`.
   */
  readonly tlsException?: string
  /** The data folder of the embedded server. Default `.holdfast/postgres` in the current folder. */
  readonly directory?: string
}

/**
 * Locates the database.
 *
 * @throws HoldfastError `configuration-invalid` if there is no URL (except in development), if a
 * URL is not a Postgres URL, or if PGSSLMODE requests encryption but the URL does not.
 */
export async function locateDatabase(options: LocationOptions, host: ServiceHost): Promise<Location> {
  const { env } = host
  const url = options.url ?? env['DATABASE_URL']
  if (url !== undefined && url !== '') {
    const isFromEnvironment = options.url === undefined
    checkUrl(url, 'DATABASE_URL')
    // In tests, the URL points to a test database.
    if (host.mode !== 'test') rejectIgnoredEncryption(url, env['PGSSLMODE'])
    const directUrl = options.directUrl ?? (isFromEnvironment ? env['DATABASE_DIRECT_URL'] : undefined)
    const ownerUrl = options.ownerUrl ?? (isFromEnvironment ? env['DATABASE_OWNER_URL'] : undefined)
    const replicas = urlsOf(
      options.replicas ?? (isFromEnvironment ? env['DATABASE_REPLICA_URLS'] : undefined),
    ).map((replica) => checkUrl(replica, eachReplica))
    if (host.mode === 'production') {
      const reason = options.tlsException ?? env['DATABASE_TLS_EXCEPTION']
      requireVerified(url, 'DATABASE_URL', reason)
      if (directUrl) requireVerified(directUrl, 'DATABASE_DIRECT_URL', reason)
      if (ownerUrl) requireVerified(ownerUrl, 'DATABASE_OWNER_URL', reason)
      for (const replica of replicas) requireVerified(replica, eachReplica, reason)
    }
    return {
      connectionString: url,
      directConnectionString:
        directUrl === undefined || directUrl === '' ? undefined : checkUrl(directUrl, 'DATABASE_DIRECT_URL'),
      ownerConnectionString:
        ownerUrl === undefined || ownerUrl === '' ? undefined : checkUrl(ownerUrl, 'DATABASE_OWNER_URL'),
      groupRole: options.groupRole ?? ((isFromEnvironment && env['DATABASE_GROUP_ROLE']) || undefined),
      replicas,
      urls: followUrls(options.url, host),
      startAfresh:
        'drop the database and create it again, or set the URL of an empty database, and start the service.',
      isEmbedded: false,
      stop: async () => {},
    }
  }
  if (host.mode === 'production') {
    throw new HoldfastError(
      'configuration-invalid',
      'DATABASE_URL is not set. In production, set it to the URL of the database, such as postgres://user:password@host:5432/name; the embedded Postgres is only for development.',
    )
  }
  return startEmbedded(options, host)
}

/** Starts the embedded server for this process. */
async function startEmbedded({ directory }: LocationOptions, { notify }: ServiceHost): Promise<Location> {
  // The package of the embedded Postgres is imported lazily, because it need not be installed in
  // production.
  const { startEmbeddedPostgres } = await import('../../storage/embedded/embedded.ts')
  preloadParser()
  const server = await startEmbeddedPostgres({
    notify,
    ...(directory === undefined ? {} : { directory }),
  })
  const shown = new URL(server.url)
  shown.password = ''
  notify(`Postgres is running. To open psql: psql "${shown.href}"`)
  return {
    connectionString: server.url,
    directConnectionString: undefined,
    ownerConnectionString: undefined,
    groupRole: undefined,
    replicas: [],
    urls: fixedUrls,
    startAfresh: `stop everything that uses the embedded database, delete the folder ${server.directory}, and start the service.`,
    isEmbedded: true,
    stop: () => server.stop(),
  }
}

/**
 * Loads the parser of Postgres while the server starts, since migrations and the statement guard
 * need it. An error is reported where the parser is used.
 */
function preloadParser(): void {
  import('libpg-query').then(({ loadModule }) => loadModule()).catch(() => {})
}

/**
 * Returns the parameters of direct connections to the server: for migrations, wakes and heartbeats,
 * which need dedicated sessions. Without a direct URL, these connections go through the pooler.
 *
 * @param isPooled whether the location's `connectionString` points to a pooler.
 */
export function directRoute(
  { connectionString, directConnectionString, urls }: Location,
  isPooled: boolean,
): Route {
  const url = directConnectionString ?? connectionString
  return {
    get connectionString() {
      return urls.current(url)
    },
    isPooled: directConnectionString === undefined && isPooled,
  }
}

const eachReplica = 'Each of DATABASE_REPLICA_URLS'

/**
 * Checks that the connection to a database is encrypted and verified, so that its data cannot be
 * read or altered on the way.
 *
 * @param reason The exception's reason; `undefined` or empty for no exception.
 *
 * @throws HoldfastError `database-not-verified`.
 */
function requireVerified(url: string, variable: string, reason = ''): void {
  const parsed = requireDatabaseUrl(url)
  if (isLocal(parsed) || readTls(parsed).isVerified || reason.trim() !== '') return
  throw new HoldfastError(
    'database-not-verified',
    `${variable} points to ${serverOf(parsed).host}, another machine, without verified TLS: an attacker in the middle can read and change all data. Add ?sslmode=verify-full to it, and &sslrootcert=/path/to/ca.pem if a private CA signed the server's certificate. If the network is trusted, state why: DATABASE_TLS_EXCEPTION="…".`,
  )
}

/**
 * Throws if PGSSLMODE requests encryption. Only the URL is used to connect, so an operator who sets
 * PGSSLMODE would believe that a plaintext connection is encrypted. A Unix socket is never
 * encrypted, and libpq ignores PGSSLMODE there.
 */
function rejectIgnoredEncryption(url: string, mode = ''): void {
  const parsed = requireDatabaseUrl(url)
  const isSaid = ['ssl', 'sslmode', 'sslcert', 'sslkey', 'sslrootcert'].some((name) =>
    parsed.searchParams.has(name),
  )
  if (isSaid || isUnixSocket(parsed) || ['', 'disable', 'allow', 'prefer'].includes(mode)) return
  throw new HoldfastError(
    'configuration-invalid',
    `PGSSLMODE is "${mode}", but DATABASE_URL does not request encryption. PG… variables are ignored: add ?sslmode=verify-full to DATABASE_URL, or unset PGSSLMODE.`,
  )
}

function checkUrl(url: string, variable: string): string {
  if (parseDatabaseUrl(url)) return url
  throw new HoldfastError(
    'configuration-invalid',
    `${variable} is not a valid Postgres URL. Expected postgres://user:password@host:5432/name, or postgres://user@/name?host=/directory for a Unix socket. (The value is hidden, because it may contain a password.)`,
  )
}

import { userInfo } from 'node:os'
import pg from 'pg'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { columnTypes } from './column-types.ts'
import { closeSocket, DriversClient, replacePassword } from './driver-internals.ts'
import { DriverWire } from '../wire/driver-wire.ts'
import { openSocketWire } from '../wire/open-socket-wire.ts'
import type { Wire, WireName } from '../wire/wire.ts'
import { type ConnectionTls, readTls, tlsParameters } from './connection-url.ts'
import { requireDatabaseUrl } from './database-url.ts'

/**
 * The class of every Postgres connection that the framework opens: pools, LISTEN, migrations,
 * replicas, tests and the command line. It differs from the driver's client in five ways:
 *
 * - It has an `error` listener from the start. The packet that reports a session as ready may also
 *   end it (after a shutdown, a failover or `pg_terminate_backend`), before a caller could add a
 *   listener. An `error` event without a listener ends the process.
 * - Only the URL decides how it connects. The driver would take missing parts of a URL from
 *   `PGSSLMODE`, `PGPASSWORD`, `PGOPTIONS` and similar variables. These would apply to every server
 *   of the process, including the embedded server.
 * - It sends settings in the packet that opens the session. They take precedence over the settings
 *   of the role and the database, and `RESET` restores them.
 * - Its socket has TCP keepalive on: if the server or the network disappears silently, the session
 *   ends. A Unix socket needs no keepalive.
 * - Values are parsed as {@link columnTypes} defines.
 */

/** Session settings by the names that Postgres gives them. */
export type SessionSettings = Readonly<Record<string, string>>

/** Options of a {@link DriverClient}, in addition to the driver's options. */
export interface DriverClientConfig extends pg.ClientConfig {
  readonly connectionString: string
  /** Settings that the session starts with. Default none. */
  readonly sessionSettings?: SessionSettings | undefined
  /**
   * The implementation of the protocol for {@link DriverClient.wire}. Default `'pg'`. With
   * `'holdfast'`, the client runs no statements of its own.
   */
  readonly wire?: WireName | undefined
}

// Detects within 20 s that the peer of an idle connection is gone: Node sends ten probes, one per
// second.
const keepAlive = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 }

/**
 * Max time for the server to close a session after the client's Terminate message, in milliseconds.
 */
const closeTimeoutMs = 2_000

/** A connection to Postgres. */
export class DriverClient extends DriversClient {
  /** The error that ended the session; `undefined` while the session is alive. */
  failure: Error | undefined
  /** The encryption of the connection. */
  readonly tls: ConnectionTls
  /** Carries the statements of a pool. */
  readonly wire: Wire
  readonly #sessionSettings: SessionSettings
  readonly #options: string
  readonly #applicationName: string | undefined

  constructor({ sessionSettings = {}, wire = 'pg', ...config }: DriverClientConfig) {
    const url = completeUrl(config.connectionString)
    const tls = readTls(url)
    for (const name of tlsParameters) url.searchParams.delete(name)
    const encryption = {
      ssl: tls.options ?? false,
      sslnegotiation: tls.isDirect ? 'direct' : 'postgres',
    } as const
    super({ ...keepAlive, types: columnTypes, ...config, ...encryption, connectionString: url.href })
    this.tls = tls
    this.wire = wire === 'pg' ? new DriverWire(this) : openSocketWire(this)
    const given = [config.options ?? '', ...url.searchParams.getAll('options')]
    this.#options = given.filter((options) => options !== '').join(' ')
    this.#applicationName = config.application_name ?? url.searchParams.get('application_name') ?? undefined
    this.#sessionSettings = sessionSettings
    if (url.password === '' && !url.searchParams.has('password')) {
      // If the URL contains no password, the driver would read PGPASSWORD and ~/.pgpass.
      replacePassword(this, rejectPassword)
    }
    // The error is stored for the next user of the connection.
    this.on('error', keepFailure)
  }

  /** Closes the session. If the server does not answer in time, the socket is destroyed. */
  override end(): Promise<void>
  override end(ended: (error: Error) => void): void
  override end(ended?: (error: Error) => void): Promise<void> | void {
    const giveUp = setTimeout(() => closeSocket(this), closeTimeoutMs)
    giveUp.unref()
    this.once('end', () => clearTimeout(giveUp))
    return ended ? super.end(ended) : super.end()
  }

  override getStartupConf(): Record<string, string> {
    // Removes the values that PGOPTIONS, PGAPPNAME and PGREPLICATION may have set.
    const given = ['options', 'application_name', 'replication']
    const others = Object.entries(super.getStartupConf()).filter(([name]) => !given.includes(name))
    return {
      ...Object.fromEntries(others),
      ...(this.#applicationName === undefined ? {} : { application_name: this.#applicationName }),
      ...(this.#options === '' ? {} : { options: this.#options }),
      // Postgres applies these settings after `options`.
      ...this.#sessionSettings,
    }
  }
}

/** Opens a driver pool whose connections are {@link DriverClient}s. */
export function openDriverPool(config: DriverClientConfig & pg.PoolConfig): pg.Pool {
  // oxlint-disable-next-line holdfast/no-bare-pg-client
  const pool = new pg.Pool({ ...config, Client: DriverClient as unknown as new () => pg.ClientBase })
  // A lost idle connection is replaced when a connection is next needed.
  pool.on('error', () => {})
  return pool
}

function keepFailure(this: DriverClient, error: Error): void {
  this.failure ??= error
}

function rejectPassword(): never {
  throw new HoldfastError(
    'database-unreachable',
    'Postgres requires a password, but the database URL contains none. Add it: postgres://user:password@host:5432/name. PGPASSWORD and ~/.pgpass are ignored.',
  )
}

/**
 * Returns the name of this process's user, as libpq does for a URL without a user.
 *
 * @throws HoldfastError `configuration-invalid` if the system does not know the user.
 */
function systemUser(): string {
  try {
    return userInfo().username
  } catch (cause) {
    throw new HoldfastError(
      'configuration-invalid',
      'The database URL contains no user, and the system has no name for the user of this process. Add the user: postgres://user@host:5432/name.',
      { cause },
    )
  }
}

/**
 * Returns the URL completed with everything that the driver would otherwise take from `PG…`
 * variables.
 */
function completeUrl(connectionString: string): URL {
  const url = requireDatabaseUrl(connectionString)
  const parameters = url.searchParams
  // The driver replaces an empty parameter with an environment variable, as if the parameter were
  // missing.
  for (const name of ['host', 'port', 'user', 'password']) {
    if (parameters.get(name) === '') parameters.delete(name)
  }
  if (url.hostname === '' && !parameters.has('host')) url.hostname = 'localhost'
  if (url.port === '' && !parameters.has('port')) parameters.set('port', '5432')
  if (url.username === '' && !parameters.has('user')) parameters.set('user', pg.defaults.user ?? systemUser())
  if (url.pathname === '' || url.pathname === '/') {
    url.pathname = `/${url.username || encodeURIComponent(parameters.get('user') ?? '')}`
  }
  return url
}

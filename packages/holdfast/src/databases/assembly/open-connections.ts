import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import type { DatabaseHost } from '../../kernel/service/database.ts'
import { createWaker, type Waker } from '../../effects/wakes/waker.ts'
import { type ConnectionLimits, type Lanes, openLanes, planConnections } from './connection-lanes.ts'
import type { WireName } from '../../storage/postgres/wire/wire.ts'
import type { Location, Route } from './location.ts'

/** The options of a process's connections. */
export interface ConnectionOptions {
  /**
   * Max number of connections that the process opens to the primary, or the max for each kind of
   * work. Default 12. Raise it if calls or jobs wait for connections and the server has unused
   * connections.
   */
  readonly connections?: number | ConnectionLimits
  /**
   * Max age of a pooled connection. An older connection is closed when it is released, and replaced
   * when the next connection is needed. A jitter of up to a quarter of the age keeps a fleet from
   * renewing its connections at the same time. Default `'30m'`. Lower it if connections must follow
   * a load balancer or a changed DNS name sooner.
   */
  readonly maxConnectionAge?: Duration
  /**
   * True if repeated statements are prepared, once per connection. Preparing saves Postgres about
   * half the cost of a short statement. Ignored behind a pooler. Default true.
   */
  readonly preparedStatements?: boolean
  /**
   * The implementation of the Postgres protocol that runs the statements of the pools. `'pg'` is
   * the driver's. `'holdfast'` is the framework's own: it sends each round trip from one buffer and
   * uses less CPU time, but is new. Default `'pg'`.
   */
  readonly wire?: WireName
}

/** The connection parameters of a process's database. */
export interface ConnectionTarget {
  readonly location: Location
  /** True if the location's URL points to a pooler. */
  readonly isPooled: boolean
  readonly direct: Route
  readonly host: DatabaseHost
}

/** The connections of a process. They are opened on demand. */
export interface Connections {
  readonly lanes: Lanes
  readonly waker: Waker
  /** Closes all connections at the same time. */
  end(): Promise<void>
}

/**
 * Throws if an option of the connections is invalid.
 *
 * @throws HoldfastError `configuration-invalid`, `duration-invalid`.
 */
export function requireConnectionOptions(options: ConnectionOptions): void {
  planConnections(options.connections)
  maxAgeOf(options)
}

/** Returns the max age of a connection, in milliseconds. */
function maxAgeOf({ maxConnectionAge = '30m' }: ConnectionOptions): number {
  return toMilliseconds(maxConnectionAge, { option: 'maxConnectionAge of the database' })
}

/**
 * Opens the connections of a process.
 *
 * @throws HoldfastError `configuration-invalid` if the option `connections` leaves too few
 * connections.
 */
export function openConnections(
  options: ConnectionOptions,
  { location, isPooled, direct, host }: ConnectionTarget,
): Connections {
  const { service, clock, log, telemetry, mode } = host
  const lanes = openLanes(options.connections, {
    connectionString: location.connectionString,
    urls: location.urls,
    log,
    telemetry,
    maxAgeMs: maxAgeOf(options),
    usesPreparedStatements: options.preparedStatements,
    wire: options.wire,
    isPooled,
    showsValues: mode !== 'production',
  })
  const waker = createWaker({
    service,
    isPooled: direct.isPooled,
    get connectionString() {
      return direct.connectionString
    },
    clock,
    log,
  })
  return { lanes, waker, end: async () => void (await Promise.all([waker.close(), lanes.end()])) }
}

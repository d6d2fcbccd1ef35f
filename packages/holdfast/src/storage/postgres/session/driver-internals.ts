import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/**
 * The undocumented parts of `pg` that the framework uses, and the check that they exist.
 *
 * - The client: the process ID and secret key of its backend, the parameters of its startup packet,
 *   its stream, and the list of statements that its session has prepared.
 * - The messages of the client, so that statements that are sent together end with one Sync.
 * - The callbacks of a query for protocol messages, so that rows beyond a limit can be dropped on
 *   arrival, and the result object that collects rows.
 * - `prepareValue`, which serializes a parameter: values are checked with it before anything is
 *   sent.
 * - The parsers of types that the framework does not parse.
 * - The messages of the driver's errors, which have no code.
 *
 * `pg` may change any of these in a minor version. So the dependency is pinned to one exact
 * version, and a service that finds another version does not start.
 */

/** The version of `pg` that the package depends on. */
export const knownVersion = '8.23.1'

/** Members of the driver's connection that its types omit. */
export interface ConnectionInternals {
  readonly stream: Duplex
  /** Texts of the statements that the session has prepared, by name. */
  readonly parsedStatements: Readonly<Record<string, string>>
  /** Texts of sent statements that the server has not parsed yet, by name. */
  readonly submittedNamedStatements: Record<string, string>
  query(text: string): void
  parse(message: { readonly name: string; readonly text: string }): void
  bind(message: { readonly statement: string; readonly values: readonly unknown[] }): void
  describe(message: { readonly type: 'P' }): void
  execute(message: object): void
  sync(): void
  sendCopyFail(reason: string): void
  /** `end` is emitted when the session ends for any reason. */
  on(event: 'readyForQuery' | 'end', listener: () => void): void
  off(event: 'readyForQuery' | 'end', listener: () => void): void
  /** Reads the messages of the server from a stream. Called once, when the stream is encrypted. */
  attachListeners(stream: Duplex): void
}

/** Members of the driver's client that its types omit. */
export interface ClientInternals {
  readonly host: string
  readonly port: number
  /** The process ID of the backend; `null` until the server has sent it. */
  readonly processID: number | null
  /** The key for cancel requests; `null` until the server has sent it. */
  readonly secretKey: number | null
  readonly connection: ConnectionInternals
  /** Returns the parameters of the startup packet. */
  getStartupConf(): Record<string, string>
}

/** Closes the socket of a client immediately. The driver would wait for running statements. */
export function closeSocket({ connection }: ClientInternals): void {
  connection.stream.destroy()
}

/**
 * Calls `read` with all data from a client's server, instead of passing the data to the client.
 * Call this function before the client connects.
 *
 * @returns a function that passes a whole message on to the client.
 */
export function readInstead(
  { connection }: ClientInternals,
  read: (chunk: Buffer) => void,
): (message: Buffer) => void {
  const attach = connection.attachListeners.bind(connection)
  // The client only listens for `data` and `end`.
  const passed = new EventEmitter()
  connection.attachListeners = (stream) => {
    attach(passed as Duplex)
    stream.on('data', read)
  }
  return (message) => passed.emit('data', message)
}

/**
 * Replaces the password that the driver reads from PGPASSWORD or ~/.pgpass if its URL contains no
 * password.
 */
export function replacePassword(client: object, value: () => string): void {
  Object.defineProperty(client, 'password', { value, writable: true, configurable: true })
}

// Errors that the driver itself creates have no code, so they are recognized by their message.
const lostConnection =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout expired)/

/** Returns whether an error of the driver means that its connection was lost. */
export function isConnectionLost({ message }: Error): boolean {
  return lostConnection.test(message)
}

/** Returns whether an error comes from the driver's `query_timeout`. */
export function isReadTimeout({ message }: Error): boolean {
  return message === 'Query read timeout'
}

/** The driver's client, as a base class. */
export const DriversClient = pg.Client as unknown as new (
  config: pg.ClientConfig,
) => pg.Client & ClientInternals

/** The driver's query, as a base class: in pipeline mode, the driver accepts no other objects. */
export const DriversQuery = pg.Query as unknown as new (text: string) => {
  /** The name of the statement that the server parses; `''` if it is not prepared. */
  name: string
  text: string
}

/** The driver's result. */
export interface DriversResult extends pg.QueryResult {
  /** The types that parse the columns. */
  readonly _types: pg.CustomTypesConfig
  /** The parsers of the columns. */
  _parsers?: readonly unknown[]
  /** The template copied for each row. */
  _prebuiltEmptyResultObject: object | null
  addFields(fields: readonly pg.FieldDef[]): void
  parseRow(values: unknown[]): pg.QueryResultRow
  addRow(row: pg.QueryResultRow): void
  addCommandComplete(message: unknown): void
}

/** The driver's result, as a class. */
export const DriversResult = (pg as unknown as { readonly Result: unknown }).Result as new (
  rowMode: 'array' | undefined,
  types: pg.CustomTypesConfig,
) => DriversResult

/**
 * Adds the columns of another result of the same statement to a result. Both results share the
 * template of their rows, because V8 copies a shared object faster than one created for each
 * result. Parsers are looked up for each result, because the program may have registered new ones
 * in the meantime.
 */
export function copyColumns(from: DriversResult, to: DriversResult): void {
  to.fields = from.fields
  to._parsers = from.fields.map(({ dataTypeID, format }) =>
    to._types.getTypeParser(dataTypeID, format as 'text' | 'binary'),
  )
  to._prebuiltEmptyResultObject = from._prebuiltEmptyResultObject
}

const { utils, types } = pg as unknown as {
  readonly utils: { prepareValue(value: unknown): unknown }
  readonly types: { getTypeParser(id: number, format?: 'text' | 'binary'): (text: string) => unknown }
}

/** Returns a value as the driver sends it. Throws if the value cannot be serialized. */
export function prepareValue(value: unknown): unknown {
  return utils.prepareValue(value)
}

/** Returns the driver's parser of a Postgres type. */
export function driversParser(id: number, format?: 'text' | 'binary'): (text: string) => unknown {
  return types.getTypeParser(id, format)
}

/** The parts of a driver that {@link requireKnownDriver} checks. */
export interface InstalledDriver {
  /** The version of the driver; `undefined` if it cannot be read, for example in a bundle. */
  readonly version: string | undefined
  readonly client: object
  readonly result: object
  readonly utils: object
  /** The connection of an unconnected client. */
  readonly connection: {
    readonly stream?: object
    readonly parsedStatements?: object
    readonly submittedNamedStatements?: object
  }
}

const needed: readonly [
  part: 'client' | 'connection' | 'result' | 'utils' | 'stream',
  names: readonly string[],
][] = [
  ['client', ['getStartupConf', 'getTransactionStatus', 'query', 'end']],
  [
    'connection',
    ['query', 'parse', 'bind', 'describe', 'execute', 'sync', 'sendCopyFail', 'once', 'attachListeners'],
  ],
  ['result', ['addFields', 'parseRow', 'addRow', 'addCommandComplete']],
  ['utils', ['prepareValue']],
  ['stream', ['cork', 'uncork', 'destroy']],
]

/**
 * Checks that the installed `pg` is the version whose internals are known.
 *
 * @throws HoldfastError `driver-unknown`.
 */
export function requireKnownDriver(driver: InstalledDriver = installedDriver()): void {
  if (driver.version !== undefined && driver.version !== knownVersion) {
    throw unknown(`is ${driver.version}`)
  }
  const { client, result, connection } = driver
  for (const name of ['parsedStatements', 'submittedNamedStatements'] as const) {
    if (typeof connection[name] !== 'object') throw unknown(`has no connection.${name}`)
  }
  const parts = { client, connection, result, utils: driver.utils, stream: connection.stream ?? {} }
  for (const [part, names] of needed) {
    const members = parts[part] as Readonly<Record<string, unknown>>
    const missing = names.find((name) => typeof members[name] !== 'function')
    if (missing !== undefined) throw unknown(`has no ${part}.${missing}`)
  }
}

function installedDriver(): InstalledDriver {
  return {
    version: installedVersion(),
    client: pg.Client.prototype,
    result: DriversResult.prototype as object,
    utils,
    // The options are explicit, so that no PG… variable applies.
    connection: new DriversClient({ ssl: false, sslnegotiation: 'postgres' }).connection,
  }
}

function installedVersion(): string | undefined {
  try {
    return (createRequire(import.meta.url)('pg/package.json') as { readonly version: string }).version
  } catch {
    // A bundle has no package.json: only the members can be checked.
    return undefined
  }
}

function unknown(finding: string): HoldfastError {
  return new HoldfastError(
    'driver-unknown',
    `The installed package pg ${finding}, but this version of holdfast requires pg ${knownVersion}, because it uses internals that may change in any release. Remove the override of the pg version (overrides in package.json, or a lock file) and install again.`,
  )
}

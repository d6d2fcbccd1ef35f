import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'

/**
 * Everything that the framework uses of `pg` beyond what `pg` documents, and the check that it is there.
 *
 * - The client: what it was told about its backend, the parameters of its startup packet, its stream, and which statements
 *   its session has prepared.
 * - The query: the callbacks for the messages that answer it, so that rows beyond a limit are dropped as they arrive.
 * - `prepareValue`, which writes a parameter: values are checked with it before anything is sent.
 * - The parser of a type that has none of the framework's own.
 *
 * `pg` may change any of it in a minor version. So one version of it is a dependency, exactly, and a service that finds
 * another one does not start.
 */

/** The version of `pg` that is a dependency. */
export const knownVersion = '8.23.1'

/** Members of the driver's client that its types leave out. */
export interface ClientInternals {
  readonly host: string
  readonly port: number
  /** The process of the server; `null` before it has said so. */
  readonly processID: number | null
  /** What a request to cancel has to know; `null` before the server has said it. */
  readonly secretKey: number | null
  readonly connection: {
    readonly stream: Duplex
    /** Texts of the statements that the session has prepared, by name. */
    readonly parsedStatements: Readonly<Record<string, string>>
  }
  /** Returns the parameters of the startup packet. */
  getStartupConf(): Record<string, string>
}

/** Members of the driver's query that its types leave out. */
export interface QueryInternals {
  name: string | undefined
  queryMode: 'extended' | undefined
  callback: (error: Error | null | undefined, result: unknown) => void
  handleRowDescription(message?: unknown): void
  handleDataRow(message?: unknown): void
  handleCommandComplete(message?: unknown): void
  handleReadyForQuery(): void
  handleError(error: Error): void
}

/** The driver's client, to be extended. */
export const DriversClient = pg.Client as unknown as new (
  config: pg.ClientConfig,
) => pg.Client & ClientInternals

/** The driver's query, to be extended. */
export const DriversQuery = pg.Query as unknown as new (
  statement: string | object,
  values?: readonly unknown[],
) => pg.Query & QueryInternals

const { utils, types } = pg as unknown as {
  readonly utils: { prepareValue(value: unknown): unknown }
  readonly types: { getTypeParser(id: number, format?: 'text' | 'binary'): (text: string) => unknown }
}

/** Returns a value as the driver sends it. Throws if it cannot be written. */
export function prepareValue(value: unknown): unknown {
  return utils.prepareValue(value)
}

/** Returns what reads a type of Postgres if the framework does not. */
export function driversParser(id: number, format?: 'text' | 'binary'): (text: string) => unknown {
  return types.getTypeParser(id, format)
}

/** A driver, as far as {@link requireKnownDriver} looks at it. */
export interface InstalledDriver {
  /** Its version; `undefined` if it cannot be found out, as in a bundle. */
  readonly version: string | undefined
  readonly client: object
  readonly query: object
  readonly utils: object
}

const needed: readonly [part: 'client' | 'query' | 'utils', names: readonly string[]][] = [
  ['client', ['getStartupConf', 'getTransactionStatus', 'query', 'end']],
  [
    'query',
    [
      'submit',
      'handleRowDescription',
      'handleDataRow',
      'handleCommandComplete',
      'handleReadyForQuery',
      'handleError',
    ],
  ],
  ['utils', ['prepareValue']],
]

/**
 * Checks that the installed `pg` is the one whose internals are known.
 *
 * @throws HoldfastError `driver-unknown`.
 */
export function requireKnownDriver(driver: InstalledDriver = installedDriver()): void {
  if (driver.version !== undefined && driver.version !== knownVersion) {
    throw unknown(`is ${driver.version}`)
  }
  for (const [part, names] of needed) {
    const members = driver[part] as Readonly<Record<string, unknown>>
    const missing = names.find((name) => typeof members[name] !== 'function')
    if (missing !== undefined) throw unknown(`has no ${part}.${missing}`)
  }
}

function installedDriver(): InstalledDriver {
  return {
    version: installedVersion(),
    client: pg.Client.prototype,
    query: pg.Query.prototype as object,
    utils,
  }
}

function installedVersion(): string | undefined {
  try {
    return (createRequire(import.meta.url)('pg/package.json') as { readonly version: string }).version
  } catch {
    // In a bundle there is no package.json: the members alone tell.
    return undefined
  }
}

function unknown(finding: string): HoldfastError {
  return new HoldfastError(
    'driver-unknown',
    `The installed package pg ${finding}, and this version of holdfast works with pg ${knownVersion} alone, parts of which it uses that may change with any release. Remove what overrides the version of pg (overrides in package.json, or a lock file), and install again.`,
  )
}

import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/**
 * Parses the address in a database URL: a host and a port, or a Unix socket. Postgres clients write
 * the URL of a Unix socket in several forms, some of which Node does not accept as URLs. All forms
 * are accepted, and {@link parseDatabaseUrl} returns one form.
 *
 * | form                                                   | used by                         |
 * | ------------------------------------------------------ | ------------------------------- |
 * | `postgres://user:password@host:5432/name`              | all, over TCP                   |
 * | `postgres://user:password@/name?host=/dir&port=5433`   | libpq, most providers           |
 * | `postgres://user@localhost:5433/name?host=/dir`        | Prisma; the form that is returned |
 * | `postgres://user@%2Fdir:5433/name`                     | libpq                           |
 * | `socket://user@/dir?db=name`, `socket:/dir?db=name`    | Node drivers                    |
 */

/** The directory of a Unix socket, or the host of a server, and its port. */
interface Server {
  readonly host: string
  readonly port: number
}

const defaultPort = 5_432

/**
 * Parses the URL of a database. For a Unix socket, the parameter `host` of the result is the
 * socket's directory, and the host name has no meaning.
 *
 * @example
 * ```ts
 * const url = parseDatabaseUrl('postgres://app@%2Frun%2Fpostgresql/shop')
 * console.log(url?.searchParams.get('host')) // '/run/postgresql'
 * ```
 *
 * @returns `undefined` if the text is not the URL of a Postgres database.
 */
export function parseDatabaseUrl(text: string): URL | undefined {
  const url = parse(text)
  if (url?.protocol === 'socket:') return ofSocketUrl(url)
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol)) return undefined
  // A text without slashes, such as postgres:name, cannot contain a host.
  if (!/^(?:\/|$)/.test(url.pathname)) return undefined
  const named = decode(url.hostname)
  if (!named.startsWith('/')) return url
  if (!url.searchParams.get('host')) url.searchParams.set('host', named)
  url.hostname = 'localhost'
  return withEncodedSpaces(url)
}

/**
 * Encodes the spaces in the parameters of a URL as `%20`. `URLSearchParams` writes them as `+`,
 * which libpq reads as a plus sign.
 */
function withEncodedSpaces(url: URL): URL {
  url.search = url.search.replaceAll('+', '%20')
  return url
}

/**
 * Parses the URL of a database, as {@link parseDatabaseUrl} does.
 *
 * @throws HoldfastError `configuration-invalid` if the text is not the URL of a Postgres database,
 * if it has several hosts or ports, if its port is not a number, or if the path of its Unix socket
 * is too long for the operating system.
 */
export function requireDatabaseUrl(text: string): URL {
  const url = parseDatabaseUrl(text)
  // The value may contain a password, so the message does not show it.
  if (!url)
    throw invalid(
      'is not a valid Postgres URL. Expected postgres://user:password@host:5432/name, or postgres://user@/name?host=/directory for a Unix socket.',
    )
  // The driver uses the last value. The decision about encryption must not use a different one.
  const repeated = ['host', 'port'].find((name) => url.searchParams.getAll(name).length > 1)
  if (repeated !== undefined)
    throw invalid(
      `contains the parameter ${repeated} more than once. Keep the one that points to the server.`,
    )
  const port = serverOf(url).port
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid(`contains the port ${url.searchParams.get('port')}. Use a number from 1 to 65535.`)
  const path = socketPathOf(url)
  if (path !== undefined && !fitsSocketAddress(path))
    throw invalid(
      `points to the Unix socket ${path}, whose path is ${Buffer.byteLength(path)} bytes long; the max is ${maxSocketPathBytes}. Use a shorter directory (unix_socket_directories of the server), or a symbolic link to it.`,
    )
  return url
}

/** Returns the host or the directory, and the port, of a parsed URL. */
export function serverOf({ hostname, port, searchParams }: URL): Server {
  return {
    host: searchParams.get('host') || decode(hostname),
    port: Number(searchParams.get('port') || port || defaultPort),
  }
}

/** Returns whether a parsed URL points to a Unix socket. */
export function isUnixSocket(url: URL): boolean {
  return isSocketDirectory(serverOf(url).host)
}

/** Returns the Unix socket path of a parsed URL; `undefined` if the URL uses TCP. */
export function socketPathOf(url: URL): string | undefined {
  const { host, port } = serverOf(url)
  return isSocketDirectory(host) ? toSocketPath(host, port) : undefined
}

/** Returns whether a host is the directory of a Unix socket. */
export function isSocketDirectory(host: string): boolean {
  return host.startsWith('/')
}

/** Returns the path of a server's socket, as every Postgres client builds it. */
export function toSocketPath(directory: string, port: number): string {
  return `${directory}/.s.PGSQL.${port}`
}

/**
 * Max length of a Unix socket's path: the size of `sun_path` in the operating system, minus the
 * terminating NUL byte.
 */
const maxSocketPathBytes = process.platform === 'linux' ? 107 : 103

/** Returns whether the operating system can connect to the path of a Unix socket. */
export function fitsSocketAddress(path: string): boolean {
  return Buffer.byteLength(path) <= maxSocketPathBytes
}

function parse(given: string): URL | undefined {
  // If a part, such as the password, contains a stray percent sign, the driver would encode the
  // other parts again, and connect to a host named %2Frun%2Fpg.
  const text = given.replaceAll(/%(?![\da-f]{2})/gi, '%25')
  if (URL.canParse(text)) return new URL(text)
  // Node rejects a user or a port without a host.
  const completed = text.replace(/^(\w+:\/\/(?:[^/?#]*@)?)(?=[:/?#]|$)/, '$1localhost')
  return URL.canParse(completed) ? new URL(completed) : undefined
}

/** Converts a `socket:` URL, whose path is the directory, and whose parameter is the database. */
function ofSocketUrl({ username, password, pathname, searchParams }: URL): URL {
  const url = new URL('postgres://localhost')
  url.username = username
  url.password = password
  url.search = searchParams.toString()
  url.pathname = `/${encodeURIComponent(searchParams.get('db') ?? '')}`
  url.searchParams.set('host', decode(pathname).replace(/(?!^)\/+$/, ''))
  const encoding = searchParams.get('encoding')
  if (encoding !== null) url.searchParams.set('client_encoding', encoding)
  for (const name of ['db', 'encoding']) url.searchParams.delete(name)
  return withEncodedSpaces(url)
}

/** Decodes a part of a URL. A part that is not UTF-8 is returned unchanged. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function invalid(finding: string): HoldfastError {
  return new HoldfastError('configuration-invalid', `The database URL ${finding}`)
}

import { parseDatabaseUrl } from '../src/storage/postgres/session/database-url.ts'

/**
 * Returns a database URL that uses TCP. It points to the server, or to a proxy that listens on a
 * different port of 127.0.0.1. The embedded server listens on TCP in addition to its Unix socket.
 */
export function overTcp(databaseUrl: string, port?: number): URL {
  const url = parseDatabaseUrl(databaseUrl)!
  url.searchParams.delete('host')
  if (port === undefined) return url
  url.hostname = '127.0.0.1'
  url.port = String(port)
  return url
}

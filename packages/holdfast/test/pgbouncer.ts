import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from 'holdfast'
import { debianTool, type DebianTool } from './debian-tool.ts'
import { overTcp } from './over-tcp.ts'
import { spawnServer, type TestServer } from './test-server.ts'

/**
 * Returns the path of PgBouncer, and installs it first if necessary and possible. If PgBouncer is
 * missing, returns a message with the command that installs it.
 */
export function pgBouncerTool(): Promise<DebianTool> {
  return debianTool('pgbouncer')
}

/**
 * Starts PgBouncer in transaction mode in front of the Postgres server at a URL: each transaction
 * may get a different server session.
 */
export function startPgBouncer(serverUrl: string): Promise<TestServer> {
  const { hostname, port, username, password } = overTcp(serverUrl)
  const server = [
    `host=${hostname} port=${port === '' ? 5432 : port} user=${decodeURIComponent(username)}`,
    ...(password === '' ? [] : [`password=${decodeURIComponent(password)}`]),
  ].join(' ')
  return spawnServer('pgbouncer', (place) => {
    const file = join(place.directory, 'pgbouncer.ini')
    writeFileSync(
      file,
      `[databases]
* = ${server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${place.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_round_robin = 1
max_client_conn = 500
default_pool_size = 15
`,
    )
    // PgBouncer refuses to run as root.
    return [...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), file]
  })
}

/** Returns the URL of a database through a pooler. */
export function pooledUrl(databaseUrl: string, { port }: Pick<TestServer, 'port'>): string {
  return overTcp(databaseUrl, port).href
}

/** Wraps a database so that it is reached through a pooler, or directly if necessary. */
export function throughPooler<Read, Write>(
  database: Database<Read, Write>,
  pooler: Pick<TestServer, 'port'>,
): Database<Read, Write> {
  return {
    ...database,
    open(host) {
      const direct = host.env['DATABASE_URL'] ?? ''
      // A template cannot be copied while a pooler holds sessions on it.
      if (new URL(direct).pathname.startsWith('/template_')) return database.open(host)
      const env = { DATABASE_URL: pooledUrl(direct, pooler), DATABASE_DIRECT_URL: direct }
      return database.open({ ...host, env: { ...host.env, ...env } })
    },
  }
}

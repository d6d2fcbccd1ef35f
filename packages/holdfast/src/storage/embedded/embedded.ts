import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { readPassword, removeLeftovers, user } from './cluster.ts'
import { ensureDatabase } from './database.ts'
import { openHome, type Home } from './home.ts'
import { takeLease } from './lease.ts'
import { whileLocked } from './lock.ts'
import { completeOptions, type EmbeddedPostgresOptions } from './options.ts'
import { isReady, readPostmaster, type Postmaster } from './postmaster.ts'
import { ensureServer, launchServer, shutDownServer, type ServerPlan } from './server.ts'
import { unavailable } from './unavailable.ts'

const startAttempts = 5

/**
 * A Postgres server on this machine, shared by all processes that have started it in the same
 * folder.
 */
export interface EmbeddedPostgres {
  /**
   * URL of the database, with user and password. It uses a Unix socket that only the server's user
   * can open, or TCP if the system does not allow that socket. Programs that ignore the parameter
   * `host` of the URL connect over TCP.
   */
  readonly url: string
  /** The same URL over TCP, for programs that cannot connect to a Unix socket. */
  readonly tcpUrl: string
  /**
   * The folder of the server's files, without symbolic links. It differs from the requested folder
   * if Postgres cannot access the requested folder.
   */
  readonly directory: string
  /** Process ID of the server's main process. */
  readonly serverPid: number
  /**
   * Stops using the server. If no other process uses the server, shuts it down, and resolves when
   * all processes of the server have ended. Further calls have no effect.
   */
  stop(): Promise<void>
  /**
   * Restarts the server for all processes that use it: `'fast'` shuts it down cleanly,
   * `'immediate'` simulates a crash. Default `'fast'`.
   *
   * @throws HoldfastError `embedded-postgres-stopped` after {@link EmbeddedPostgres.stop}.
   */
  restart(mode?: 'fast' | 'immediate'): Promise<void>
}

/**
 * Starts a real Postgres from the registry package `embedded-postgres`, for development and tests,
 * or joins the server that another process has started in the same folder. It listens on a Unix
 * socket in that folder, and on 127.0.0.1 with a random password. Its port stays the same across
 * restarts. It does not keep this process alive. It shuts down soon after the last process that
 * uses it exits or is killed.
 *
 * @throws HoldfastError `embedded-postgres-unavailable` if Postgres cannot run here,
 *   `embedded-postgres-version` if the data in the folder belong to a different major version,
 *   `embedded-postgres-busy` if another process takes two minutes to start or stop it,
 *   `embedded-postgres-options` for invalid options.
 *
 * @example
 * ```ts no-run
 * const server = await startEmbeddedPostgres({ directory: '.holdfast/postgres' })
 * console.log(server.url)
 * await server.stop()
 * ```
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const { directory, database, settings, stopTimeoutMs, notify } = completeOptions(options)
  if (process.platform === 'win32') throw unavailable('The embedded Postgres does not run on Windows.')
  return explaining(`Postgres could not be started in ${directory}`, async () => {
    const home = openHome(directory, notify)
    const { plan, postmaster } = await whileLocked(home, () => joinServer(home, settings, database))
    return toEmbeddedPostgres(plan, { first: postmaster, database, stopTimeoutMs })
  })
}

interface Joined {
  readonly plan: ServerPlan
  readonly postmaster: Postmaster
}

async function joinServer(home: Home, settings: ServerPlan['settings'], database: string): Promise<Joined> {
  removeLeftovers(home)
  const plan = { home, lease: await takeLease(home), settings }
  try {
    return { plan, postmaster: await startUp(plan, database) }
  } catch (error) {
    plan.lease.close()
    throw error
  }
}

async function startUp(plan: ServerPlan, database: string): Promise<Postmaster> {
  for (let attempt = 1; ; attempt += 1) {
    const postmaster = await ensureServer(plan)
    try {
      await ensureDatabase(urlOf(plan.home, postmaster, database))
      return postmaster
    } catch (error) {
      // The server may have been shut down or killed after it was found ready.
      if (attempt === startAttempts || isReady(plan.home, postmaster.pid)) throw error
    }
  }
}

interface Handle {
  readonly first: Postmaster
  readonly database: string
  readonly stopTimeoutMs: number
}

function toEmbeddedPostgres({ home, lease, settings }: ServerPlan, handle: Handle): EmbeddedPostgres {
  const { database, stopTimeoutMs } = handle
  const current = (): Postmaster => readPostmaster(home) ?? handle.first
  let stopped: Promise<void> | undefined

  async function stop(): Promise<void> {
    try {
      await whileLocked(home, async () => {
        if (!(await lease.release())) return
        await shutDownServer(home, 'fast', stopTimeoutMs)
        await lease.watchdogEnded()
      })
    } finally {
      lease.close()
    }
  }

  async function restart(mode: 'fast' | 'immediate'): Promise<void> {
    await whileLocked(home, async () => {
      await shutDownServer(home, mode, stopTimeoutMs)
      await launchServer({ home, lease, settings })
    })
  }

  return {
    directory: home.directory,
    get url() {
      return urlOf(home, current(), database)
    },
    get tcpUrl() {
      return tcpUrlOf(home, current(), database)
    },
    get serverPid() {
      return current().pid
    },
    stop: () => (stopped ??= explaining(`Postgres could not be stopped in ${home.directory}`, stop)),
    async restart(mode = 'fast') {
      if (stopped) {
        throw new HoldfastError(
          'embedded-postgres-stopped',
          `The Postgres in ${home.directory} was stopped by this process. Start it again with startEmbeddedPostgres.`,
        )
      }
      await explaining(`Postgres could not be restarted in ${home.directory}`, () => restart(mode))
    },
  }
}

function urlOf(home: Home, postmaster: Postmaster, database: string): string {
  const url = tcpUrlOf(home, postmaster, database)
  const { socketDirectory } = postmaster
  return socketDirectory === undefined ? url : `${url}?host=${encodeURIComponent(socketDirectory)}`
}

function tcpUrlOf(home: Home, { port }: Postmaster, database: string): string {
  return `postgres://${user}:${readPassword(home)}@127.0.0.1:${port}/${encodeURIComponent(database)}`
}

/** Wraps system failures, such as a full disk, in an error that names the operation. */
async function explaining<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    throw unavailable(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

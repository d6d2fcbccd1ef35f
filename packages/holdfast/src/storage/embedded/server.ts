import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { pause } from '../../kernel/base/wait.ts'
import { prepareBinaries } from './binaries.ts'
import { prepareCluster } from './cluster.ts'
import { attempt } from './error-code.ts'
import type { Home } from './home.ts'
import type { Lease } from './lease.ts'
import { choosePort } from './port.ts'
import { findPostmaster, isPostmaster, isReady, readPostmaster, type Postmaster } from './postmaster.ts'
import { processCommand } from './process-command.ts'
import { isSocketRefused, prepareSocketDirectory } from './socket-directory.ts'
import { serverEnvironment } from './server-environment.ts'
import { beginServerLog, openServerLog, serverLogTail } from './server-log.ts'
import { unavailable } from './unavailable.ts'
import { waitUntil } from './wait-until.ts'

const readyTimeoutMs = 120_000
const immediateTimeoutMs = 30_000
const retryWithinMs = 10_000
const retryAfterMs = 100

/** The server to run. */
export interface ServerPlan {
  readonly home: Home
  /** The lease of this process. It reports the server's process ID to the watchdog. */
  readonly lease: Lease
  /** Settings as in `postgresql.conf`. */
  readonly settings: Readonly<Record<string, string>>
}

/**
 * Returns a running server: a new one, one started by another process, or one that a killed process
 * left running. Call it only while the home is locked.
 */
export async function ensureServer(plan: ServerPlan): Promise<Postmaster> {
  const running = await findPostmaster(plan.home)
  if (running === undefined) return launchServer(plan)
  plan.lease.announce(running)
  return (await becomesReady(plan.home, running)) ?? launchServer(plan)
}

/**
 * Starts a server. Creates its data directory first if it does not exist. Call it only while the
 * home is locked.
 */
export async function launchServer(plan: ServerPlan): Promise<Postmaster> {
  const { home } = plan
  const binaries = prepareBinaries(home)
  await prepareCluster(home, binaries)
  beginServerLog(home)
  const deadline = performance.now() + retryWithinMs
  let hasSocket = true
  for (;;) {
    const postmaster = await launch(plan, { program: binaries.postgres, hasSocket })
    if (postmaster) return postmaster
    const tail = serverLogTail(home)
    if (hasSocket && isSocketRefused(tail)) {
      home.notify(`Postgres cannot create a Unix socket in ${home.sockets}; using TCP only.`)
      hasSocket = false
      continue
    }
    // Another program has just taken the port, or the kernel is still cleaning up after a server
    // killed a moment ago.
    const passing = /could not create any TCP\/IP sockets|pre-existing shared memory block/.test(tail)
    if (!passing || performance.now() > deadline) {
      throw unavailable(
        `Postgres does not start in ${home.directory}. Its log, ${home.log}, ends with:\n${tail}`,
      )
    }
    await pause(retryAfterMs)
  }
}

/**
 * Shuts the server down if it is running. `fast` closes all connections and leaves a clean state;
 * `immediate` is like a crash. If `fast` takes longer than `timeoutMs`, reports this and continues
 * with `immediate`. Call it only while the home is locked.
 */
export async function shutDownServer(
  home: Home,
  mode: 'fast' | 'immediate',
  timeoutMs: number,
): Promise<void> {
  const pid = await findPostmaster(home)
  if (pid === undefined) return
  if (mode === 'fast') {
    signal(home, pid, 'SIGINT')
    if (await waitUntil(() => hasEnded(pid), timeoutMs)) return
    home.notify(
      `Postgres (process ${pid}) did not shut down within ${timeoutMs} ms and is terminated. ` +
        'Committed data is not lost, and Postgres recovers on its next start.',
    )
  }
  signal(home, pid, 'SIGQUIT')
  if (await waitUntil(() => hasEnded(pid), immediateTimeoutMs)) return
  throw unavailable(
    `Postgres (process ${pid}) in ${home.directory} cannot be stopped. Its log is ${home.log}.`,
  )
}

interface Launch {
  readonly program: string
  /** False to listen on TCP only. */
  readonly hasSocket: boolean
}

/**
 * Starts the server's process. Resolves to `undefined` if the process ended before it was ready.
 */
async function launch(
  { home, lease, settings }: ServerPlan,
  { program, hasSocket }: Launch,
): Promise<Postmaster | undefined> {
  const port = await choosePort(home)
  const own = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: hasSocket ? prepareSocketDirectory(home, port) : '',
  }
  const options = Object.entries({ ...settings, ...own }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const log = openServerLog(home)
  const server = spawn(program, ['-D', home.data, ...options], {
    ...home.account,
    cwd: home.directory,
    // The server runs in its own session, so that Ctrl-C in a terminal does not reach it, and this
    // process can finish its work before the server stops.
    detached: true,
    env: serverEnvironment(),
    stdio: ['ignore', log, log],
  })
  if (server.pid !== undefined) lease.announce(server.pid)
  server.unref()
  closeSync(log)
  await once(server, 'spawn')
  return becomesReady(home, server.pid!)
}

/** Waits until the server accepts connections. Resolves to `undefined` if the server ends first. */
async function becomesReady(home: Home, pid: number): Promise<Postmaster | undefined> {
  if (await waitUntil(() => isReady(home, pid) || hasEnded(pid), readyTimeoutMs)) {
    return isReady(home, pid) ? readPostmaster(home) : undefined
  }
  throw unavailable(
    `Postgres (process ${pid}) in ${home.directory} is not ready after ${readyTimeoutMs / 1000} s. Its log, ${home.log}, ` +
      `ends with:\n${serverLogTail(home)}`,
  )
}

function hasEnded(pid: number): boolean {
  return processCommand(pid) === undefined
}

function signal(home: Home, pid: number, name: 'SIGINT' | 'SIGQUIT'): void {
  if (isPostmaster(home, pid)) attempt(() => process.kill(pid, name), ['ESRCH'])
}

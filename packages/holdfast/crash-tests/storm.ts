import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Duration } from 'holdfast'
import { until } from 'holdfast/testing'
import type { ServerProcess } from './server-process.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'
import { bundleProgram } from '../test/bundle-program.ts'

/** Options of {@link storm}. */
export interface StormOptions {
  readonly servers: readonly ServerProcess[]
  /** The value of `Authorization` in each request. */
  readonly authorization: string
  readonly databaseUrl: string
  /** The file that the clients write the responses to. */
  readonly file: string
  /** The number of keys in flight at once. */
  readonly concurrency: number
  /** The number of concurrent duplicates per request. */
  readonly duplicates: number
  /** Crashes Postgres and starts it again; absent if it must keep running. */
  readonly restartPostgres?: () => Promise<void>
  /** Returns true if there were enough requests and disruptions. */
  readonly isEnough: (progress: StormProgress) => boolean | Promise<boolean>
  /** Max duration of the storm. */
  readonly limit: Duration
}

/** The current counts of a storm. */
export interface StormProgress {
  /** The number of completed keys: all of their responses have arrived. */
  readonly keys: number
  readonly serverKills: number
  readonly backendKills: number
  readonly postgresRestarts: number
}

/** The result of a storm. */
export interface StormReport extends StormProgress {
  readonly requests: number
  readonly seconds: number
}

/**
 * The pace of disruptions: the approximate min time, and the min number of completed keys, between
 * two disruptions.
 */
interface Pace {
  readonly everyMs: number
  /**
   * The min number of completed keys between two disruptions. On a slow machine, servers would
   * otherwise be killed faster than they make progress.
   */
  readonly everyKeys: number
}

/**
 * Sends each request several times to servers that are killed again and again. Ends when there were
 * enough disruptions and every key is completed.
 */
export async function storm(options: StormOptions): Promise<StormReport> {
  const { servers, isEnough, limit } = options
  const beganMs = performance.now()
  const clients = await startMain('storm-clients-main.ts', {
    STORM_CLIENTS: JSON.stringify({
      urls: servers.map(({ url }) => url),
      concurrency: options.concurrency,
      duplicates: options.duplicates,
      authorization: options.authorization,
      file: options.file,
    }),
  })
  const counts = { keys: 0, requests: 0, serverKills: 0, backendKills: 0, postgresRestarts: 0 }
  clients.on(
    'message',
    ({ finished, requests }: { readonly finished?: number; readonly requests?: number }) => {
      counts.keys = finished ?? counts.keys
      counts.requests = requests ?? counts.requests
    },
  )
  const ended = once(clients, 'exit')
  await once(clients, 'message')

  let isOver = false
  const disruptions = Promise.all([
    repeat({ everyMs: 1_500, everyKeys: 12 }, async (turn) => {
      await servers[turn % servers.length]!.killAndRestart()
      counts.serverKills += 1
    }),
    repeat({ everyMs: 250, everyKeys: 1 }, async () => {
      counts.backendKills += await killBackends(options.databaseUrl)
    }),
    options.restartPostgres &&
      repeat({ everyMs: 8_000, everyKeys: 60 }, async () => {
        await options.restartPostgres?.()
        counts.postgresRestarts += 1
      }),
  ])
  async function repeat(
    { everyMs, everyKeys }: Pace,
    disrupt: (turn: number) => Promise<void>,
  ): Promise<void> {
    for (let turn = 0; !isOver; turn += 1) {
      const dueKeys = counts.keys + everyKeys
      await new Promise((resolve) => setTimeout(resolve, everyMs * (0.5 + Math.random())))
      await until(() => isOver || counts.keys >= dueKeys, { timeout: '365d' })
      if (!isOver) await disrupt(turn)
    }
  }

  await until(() => isEnough(counts), { timeout: limit, what: 'enough to happen' })
    .catch((cause: unknown) => {
      throw new Error(`There were not enough disruptions: ${JSON.stringify(counts)}`, { cause })
    })
    .finally(() => (isOver = true))
  await disruptions
  clients.send({ isEnough: true })
  await ended
  return { ...counts, seconds: Math.round((performance.now() - beganMs) / 1_000) }
}

/**
 * Returns the broken invariants, found by a separate process that reads the database and the
 * clients' responses.
 */
export async function checkStorm(databaseUrl: string, file: string): Promise<readonly string[]> {
  const checker = await startMain('storm-checker-main.ts', { DATABASE_URL: databaseUrl, OBSERVATIONS: file })
  const [answer] = (await Promise.race([
    once(checker, 'message'),
    once(checker, 'exit').then(([code]) => [{ violations: [`the checker exited with ${String(code)}`] }]),
  ])) as [{ readonly violations: readonly string[] }]
  return answer.violations
}

async function startMain(name: string, env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const { file, execArgv } = await bundleProgram(new URL(`./${name}`, import.meta.url))
  return fork(file, {
    execArgv: [...execArgv],
    env: { ...process.env, ...env },
  })
}

/** Terminates a few backends of the servers. Returns their number; 0 if Postgres is down. */
async function killBackends(databaseUrl: string): Promise<number> {
  const admin = new DriverClient({ connectionString: databaseUrl, application_name: 'storm' })
  // Postgres may be stopped during the query.
  admin.on('error', () => {})
  try {
    await admin.connect()
    const { rowCount } = await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'holdfast%' order by random() limit 3`,
    )
    return rowCount ?? 0
  } catch {
    return 0
  } finally {
    await admin.end().catch(() => {})
  }
}

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { until } from 'holdfast/testing'
import type { ServerProcess } from './server-process.ts'
import { DriverClient } from '../src/postgres/driver-client.ts'

/** What a storm does. */
export interface StormOptions {
  readonly servers: readonly ServerProcess[]
  readonly databaseUrl: string
  /** Where the clients write what they were answered. */
  readonly file: string
  /** How many keys are under way at once. */
  readonly concurrency: number
  /** How often each request is sent at the same time. */
  readonly duplicates: number
  /** Ends Postgres as in a crash, and starts it again; absent where it is to stay. */
  readonly restartPostgres?: () => Promise<void>
  /** Whether enough has happened. */
  readonly isEnough: (progress: StormProgress) => boolean | Promise<boolean>
  /** After this long it ends in any case, in milliseconds. */
  readonly limitMs: number
}

/** What has happened so far. */
export interface StormProgress {
  /** How many keys have had all of their answers. */
  readonly keys: number
  readonly serverKills: number
  readonly backendKills: number
  readonly postgresRestarts: number
}

/** What came of a storm. */
export interface StormReport extends StormProgress {
  readonly requests: number
  readonly seconds: number
}

/** How often something is disrupted: after about this time, and not before so many more keys have their answers. */
interface Pace {
  readonly everyMs: number
  /** Keeps a slow machine from ending its servers faster than they get anything done. */
  readonly everyKeys: number
}

/** Sends requests, each several times, to servers that are being killed, until enough has happened and every key has its answers. */
export async function storm(options: StormOptions): Promise<StormReport> {
  const { servers, isEnough, limitMs } = options
  const beganMs = performance.now()
  const clients = startMain('storm-clients-main.ts', {
    STORM_CLIENTS: JSON.stringify({
      urls: servers.map(({ url }) => url),
      concurrency: options.concurrency,
      duplicates: options.duplicates,
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
      await until(() => isOver || counts.keys >= dueKeys, { timeoutMs: Number.POSITIVE_INFINITY })
      if (!isOver) await disrupt(turn)
    }
  }

  await until(() => isEnough(counts), { timeoutMs: limitMs, what: 'enough to happen' })
    .catch((cause: unknown) => {
      throw new Error(`What happened was not enough: ${JSON.stringify(counts)}`, { cause })
    })
    .finally(() => (isOver = true))
  await disruptions
  clients.send({ isEnough: true })
  await ended
  return { ...counts, seconds: Math.round((performance.now() - beganMs) / 1_000) }
}

/** What broke, in words, as a process of its own finds out that reads the database and what the clients were answered. */
export async function checkStorm(databaseUrl: string, file: string): Promise<readonly string[]> {
  const checker = startMain('storm-checker-main.ts', { DATABASE_URL: databaseUrl, OBSERVATIONS: file })
  const [answer] = (await Promise.race([
    once(checker, 'message'),
    once(checker, 'exit').then(([code]) => [{ violations: [`the checker has ended with ${String(code)}`] }]),
  ])) as [{ readonly violations: readonly string[] }]
  return answer.violations
}

function startMain(name: string, env: Readonly<Record<string, string>>): ChildProcess {
  return fork(fileURLToPath(new URL(`./${name}`, import.meta.url)), {
    execArgv: ['--conditions=holdfast:source'],
    env: { ...process.env, ...env },
  })
}

/** Terminates a few of the backends of the servers; none where Postgres is away. */
async function killBackends(databaseUrl: string): Promise<number> {
  const admin = new DriverClient({ connectionString: databaseUrl, application_name: 'storm' })
  // Postgres may be ended while it is asked.
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

import pg from 'pg'
import { type ConstructorOptions, type Db, type Job, PgBoss, type Queue, type WorkOptions } from 'pg-boss'
import { concurrency, type Engine, insertOrder, insertReceipt, type Run } from '../engine.ts'
import { settingsNamed } from './settings-named.ts'

interface Settings {
  readonly boss?: ConstructorOptions
  readonly queue?: Omit<Queue, 'name'>
  readonly work: WorkOptions
  /** True if each job runs in a transaction, which also completes the job. */
  readonly isTransactional?: boolean
}

// The shortest polling interval that pg-boss allows, and no pause while it finds jobs.
const eager = { pollingIntervalSeconds: 0.5, burstWhenBatchFull: true, burstWhenReadyExceeds: 1 }
const oneByOne: Settings = {
  boss: { superviseIntervalSeconds: 1, monitorIntervalSeconds: 1, queueCacheIntervalSeconds: 1 },
  work: { ...eager, localConcurrency: concurrency },
}
// One worker was the fastest of the tried setups: 1 to 10 workers with batches of 10 to 2,000.
const batched: Settings = { work: { ...eager, batchSize: 500 } }

const settings: Readonly<Record<string, Settings>> = {
  defaults: { work: { localConcurrency: concurrency } },
  'one-by-one': oneByOne,
  transactional: { ...oneByOne, isTransactional: true },
  batches: { work: { ...eager, batchSize: concurrency } },
  'large-batches': batched,
  // The shortest retention that pg-boss allows.
  forgetful: {
    ...batched,
    boss: { superviseIntervalSeconds: 1, maintenanceIntervalSeconds: 1 },
    queue: { deleteAfterSeconds: 1 },
  },
  notified: {
    boss: { useListenNotify: true },
    queue: { notify: true },
    work: { localConcurrency: concurrency },
  },
  // The shortest heartbeat that pg-boss allows.
  'with-heartbeat': { queue: { heartbeatSeconds: 10 }, work: { localConcurrency: concurrency } },
}

const queue = 'bench'

/** pg-boss. A transaction enqueues with `send` and the transaction as its `db`. */
export const engine: Engine = {
  schema: 'pgboss',
  async install(url, name) {
    const chosen = settingsNamed(settings, name)
    const boss = await start(url, chosen)
    await boss.createQueue(queue, chosen.queue ?? {})
    await boss.stop({ graceful: false })
  },
  async open(url, name, run) {
    const chosen = settingsNamed(settings, name)
    const boss = await start(url, chosen)
    const pool = new pg.Pool({ connectionString: url, max: concurrency })
    if (run) await work(boss, chosen, run)
    return {
      async enqueue(n) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          await client.query(insertOrder, [n])
          const db: Db = { executeSql: (text, values) => client.query(text, values) }
          await boss.send(queue, { n }, { db })
          await client.query('commit')
        } finally {
          client.release()
        }
      },
      async stop() {
        await boss.stop()
        await pool.end()
      },
    }
  },
  // The columns returned by pg-boss's fetch statement.
  fill: `
    insert into pgboss.job (
      name, data, expire_seconds, deletion_seconds, keep_until, retry_limit, retry_delay, retry_backoff, policy,
      heartbeat_seconds
    )
    select name, jsonb_build_object('n', n), expire_seconds, deletion_seconds,
      now() + retention_seconds * interval '1s', retry_limit, retry_delay, retry_backoff, policy, heartbeat_seconds
    from pgboss.queue, generate_series(1, $1::int) as n
    where name = 'bench'`,
  countUnfinished: `select count(*)::int as count from pgboss.job where name = 'bench' and state < 'completed'`,
  rescueJobs: `update pgboss.job set state = 'retry' where name = 'bench' and state = 'active'`,
  clear: 'truncate pgboss.job',
}

async function start(url: string, { boss = {} }: Settings): Promise<PgBoss> {
  const started = new PgBoss({ connectionString: url, max: concurrency + 2, ...boss })
  started.on('error', (error) => console.error(error))
  return started.start()
}

async function work(boss: PgBoss, { work: options, isTransactional }: Settings, run: Run): Promise<void> {
  const runAll = async (jobs: Job<{ n: number }>[], db: Db): Promise<void> => {
    await Promise.all(jobs.map(async ({ data: { n } }) => run(n, () => db.executeSql(insertReceipt, [n]))))
  }
  if (isTransactional) await boss.work(queue, { ...options, transactional: true as const }, runAll)
  else await boss.work<{ n: number }>(queue, options, (jobs) => runAll(jobs, boss.getDb()))
}

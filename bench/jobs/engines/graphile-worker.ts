import { Logger, run as startRunner, runMigrations, type Runner, WorkerPreset } from 'graphile-worker'
import pg from 'pg'
import { concurrency, type Engine, insertOrder, insertReceipt, type Run } from '../engine.ts'
import { settingsNamed } from './settings-named.ts'

const settings: Readonly<Record<string, Omit<GraphileConfig.WorkerOptions, 'connectionString'>>> = {
  defaults: {},
  // The batching that https://worker.graphile.org/docs/performance describes.
  batched: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
}

// By default, graphile-worker logs a line for every job.
const logger = new Logger(() => () => {})

/** graphile-worker. A transaction enqueues with the documented SQL function. */
export const engine: Engine = {
  schema: 'graphile_worker',
  install: (url) => runMigrations({ connectionString: url, logger }),
  async open(url, name, run) {
    const pool = new pg.Pool({ connectionString: url, max: concurrency })
    const runner = run ? await work(url, settingsNamed(settings, name), run) : undefined
    return {
      async enqueue(n) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          await client.query(insertOrder, [n])
          await client.query(`select graphile_worker.add_job('bench', $1::json)`, [JSON.stringify({ n })])
          await client.query('commit')
        } finally {
          client.release()
        }
      },
      async stop() {
        await runner?.stop()
        await pool.end()
      },
    }
  },
  fill: `
    with task as (
      insert into graphile_worker._private_tasks (identifier) values ('bench')
      on conflict (identifier) do update set identifier = excluded.identifier returning id
    )
    insert into graphile_worker._private_jobs (task_id, payload)
    select task.id, json_build_object('n', n) from task, generate_series(1, $1::int) as n`,
  countUnfinished: 'select count(*)::int as count from graphile_worker._private_jobs',
  rescueJobs: 'update graphile_worker._private_jobs set locked_at = null, locked_by = null',
  clear: 'truncate graphile_worker._private_jobs',
}

function work(url: string, worker: GraphileConfig.WorkerOptions, run: Run): Promise<Runner> {
  return startRunner({
    preset: {
      extends: [WorkerPreset],
      // The pool size recommended by graphile-worker's documentation.
      worker: {
        connectionString: url,
        concurrentJobs: concurrency,
        maxPoolSize: concurrency + 2,
        logger,
        ...worker,
      },
    },
    noHandleSignals: true,
    taskList: {
      bench: (payload, helpers) => {
        const { n } = payload as { n: number }
        return run(n, () => helpers.query(insertReceipt, [n]))
      },
    },
  })
}

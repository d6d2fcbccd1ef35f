import { anyone, type Duration, holdfast, type Service } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'
import { concurrency, type Engine, type Run } from '../engine.ts'
import { settingsNamed } from './settings-named.ts'

interface Settings {
  /** The operation that enqueues the jobs. */
  readonly operation: 'place' | 'placeWithoutKey'
  readonly hasTelemetry?: boolean
  /** Retention of jobs. */
  readonly retention?: Duration
}

const settings: Readonly<Record<string, Settings>> = {
  defaults: { operation: 'place' },
  'without-key': { operation: 'placeWithoutKey' },
  'without-telemetry': { operation: 'place', hasTelemetry: false },
  // The shortest retention that Holdfast allows.
  forgetful: { operation: 'place', retention: '1ms' },
}

/**
 * Holdfast. A mutation enqueues the job. It is called as a transport would call it, but without
 * HTTP.
 */
export const engine: Engine = {
  schema: 'holdfast',
  async install(url, name) {
    const server = await start(url, settingsNamed(settings, name))
    await server.stop()
  },
  async open(url, name, run) {
    const chosen = settingsNamed(settings, name)
    const { operation } = chosen
    const server = await start(url, chosen, run)
    return {
      async enqueue(n) {
        const key = crypto.randomUUID()
        const answer = await server.service.call({
          operation,
          input: { path: {}, query: {}, body: { n } },
          header: (header) => (header === 'idempotency-key' && operation === 'place' ? key : undefined),
        })
        if (answer.status !== 204) throw new Error(`${answer.status} ${answer.body}`)
      },
      stop: () => server.stop(),
    }
  },
  fill: `
    insert into holdfast.jobs (service, id, name, input, state, traceparent)
    select 'bench', uuidv7(), 'bench', json_build_object('n', n), 'ready',
      '00-' || md5(n::text) || '-' || left(md5(n::text), 16) || '-01'
    from generate_series(1, $1::int) as n`,
  countUnfinished: 'select count(*)::int as count from holdfast.jobs',
  rescueJobs: `update holdfast.jobs set state = 'ready', worker = null, failures = failures + 1 where state = 'running'`,
  clear: 'truncate holdfast.jobs, holdfast.ended_jobs',
}

function start(url: string, chosen: Settings, run?: Run): ReturnType<typeof serve> {
  return serve(createService(chosen, run), {
    port: 0,
    signals: false,
    env: { ...process.env, DATABASE_URL: url, LOG_LEVEL: 'warn' },
    notify: () => {},
    worker: run ? { concurrency } : false,
    ...(chosen.hasTelemetry === false ? { telemetry: false } : {}),
  })
}

function createService({ retention }: Settings, run: Run = () => {}): Service {
  const { job, mutation, service } = holdfast({ database: postgres() })
  const input = z.object({ n: z.int() })
  const bench = job({
    name: 'bench',
    input,
    ...(retention === undefined ? {} : { retention }),
    run: ({ input: { n }, db }) => run(n, () => db.query(sql`insert into receipts (n) values (${n})`)),
  })
  const place = mutation({
    route: 'POST /orders',
    access: anyone('a benchmark'),
    input,
    async run({ input: { n }, db, jobs }) {
      await db.query(sql`insert into orders (n) values (${n})`)
      await jobs.enqueue(bench, { n })
    },
  })
  const placeWithoutKey = mutation({
    route: 'POST /orders-without-key',
    access: anyone('a benchmark'),
    input,
    idempotency: { optional: 'The other queues in this comparison have no keys.' },
    async run({ input: { n }, db, jobs }) {
      await db.query(sql`insert into orders (n) values (${n})`)
      await jobs.enqueue(bench, { n })
    },
  })
  return service({ name: 'bench', operations: { place, placeWithoutKey }, jobs: [bench] })
}

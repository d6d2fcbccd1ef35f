import { anyone, event, holdfast } from 'holdfast'
import { serve, work } from 'holdfast/node'
import { postgres } from 'holdfast/postgres'
import { z } from 'zod'

/** A process of the measured fleet. */
export interface MemberTask {
  readonly url: string
  /** Number of consumers of a worker. */
  readonly consumers: number
  /**
   * Number of jobs to enqueue per second, under a name that the fleet does not run. 0: the process
   * runs as a worker instead.
   */
  readonly enqueuesPerSecond: number
}

const task = JSON.parse(process.argv[2] ?? '') as MemberTask
const { consumer, job, mutation, service } = holdfast({ database: postgres() })
const Happened = event('happened', { payload: z.object({}) })
const options = {
  signals: true,
  env: { ...process.env, DATABASE_URL: task.url, LOG_LEVEL: 'warn', PORT: '0' },
  notify: () => {},
}

if (task.enqueuesPerSecond === 0) {
  const consumers = Array.from({ length: task.consumers }, (_, n) =>
    consumer({ name: `c${n}`, event: Happened, run: () => {} }),
  )
  const settle = job({ name: 'settle', input: z.object({}), run: () => {} })
  await work(
    service({
      name: 'fleet',
      operations: {},
      jobs: [settle],
      consumers,
    }),
    options,
  )
} else {
  const unrelated = job({ name: 'unrelated', input: z.object({}), run: () => {} })
  const enqueue = mutation({
    route: 'POST /unrelated',
    access: anyone('a benchmark'),
    run: async ({ jobs }) => void (await jobs.enqueue(unrelated, {})),
  })
  const server = await serve(service({ name: 'fleet', operations: { enqueue }, jobs: [unrelated] }), {
    ...options,
    worker: false,
  })
  setInterval(() => {
    void server.service.call({
      operation: 'enqueue',
      input: { path: {}, query: {}, body: undefined },
      header: (name) => (name === 'idempotency-key' ? crypto.randomUUID() : undefined),
    })
  }, 1_000 / task.enqueuesPerSecond)
}

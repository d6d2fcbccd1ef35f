import { anyone, type Answer, createLogger, event, GiveUp, holdfast, systemClock } from 'holdfast'
import { listJobs } from 'holdfast/jobs'
import { connectClient, postgres, sql } from 'holdfast/postgres'
import { until } from 'holdfast/testing'
import { expect } from 'vitest'
import { z } from 'zod'

// A service whose orders have all kinds of effects: rows, a message, and jobs that succeed, wait or
// fail.

const payload = z.object({ name: z.string() })
const placed = event('order.placed', { payload })
const { consumer, job, mutation, service } = holdfast({
  database: postgres({ migrations: new URL('../../../test/effects/migrations/', import.meta.url) }),
})
const mail = job({
  name: 'mail',
  input: payload,
  run: async ({ input, db }) =>
    void (await db.query(sql`insert into effects (name) values (${`mailed ${input.name}`})`)),
})
const remind = job({ name: 'remind', input: payload, run: () => {} })
const hopeless = job({
  name: 'hopeless',
  input: payload,
  run() {
    throw new GiveUp('It fails.')
  },
})
const place = mutation({
  route: 'POST /orders',
  access: anyone('a test'),
  input: payload,
  status: 201,
  async run({ input, db, jobs, publish }) {
    await db.query(sql`insert into effects (name) values (${`placed ${input.name}`})`)
    await jobs.enqueue(mail, input)
    await jobs.enqueue(remind, input, { delay: '1d' })
    await jobs.enqueue(hopeless, input)
    await publish(placed, input.name, input)
  },
})
const count = consumer({
  name: 'count',
  event: placed,
  run: async ({ message, db }) =>
    void (await db.query(sql`insert into effects (name) values (${`counted ${message.payload.name}`})`)),
})
const app = service({
  name: 'orders',
  operations: { place },
  jobs: [mail, remind, hopeless],
  consumers: [count],
})

/** Starts the service on a database, by default with a worker. */
export async function startOrders(
  url: string,
  { worker: hasWorker = true }: { readonly worker?: boolean } = {},
) {
  const lines: Record<string, unknown>[] = []
  const running = await app.start({
    env: { DATABASE_URL: url },
    mode: 'production',
    clock: systemClock,
    log: createLogger({ level: 'warn', write: (line) => lines.push(JSON.parse(line)) }),
    notify: () => {},
  })
  const worker = hasWorker ? await running.startWorker() : undefined
  const client = await connectClient({ connectionString: url, applicationName: 'test' })
  const effects = async (): Promise<readonly string[]> =>
    (await client.query<{ name: string }>('select name from effects order by name')).rows.map(
      ({ name }) => name,
    )
  const countOf = async (state: 'dead' | 'scheduled' | 'ready'): Promise<number> =>
    (await listJobs(client, { states: [state] })).length
  return {
    lines,
    client,
    countOf,
    place: async (name: string, key: string): Promise<Answer> =>
      running.call({
        operation: 'place',
        input: { path: {}, query: {}, body: { name } },
        header: (header) => (header === 'idempotency-key' ? key : undefined),
      }),
    /** Waits until orders have had each of their effects exactly once. */
    async settled(...names: readonly string[]): Promise<void> {
      const wanted = names
        .flatMap((name) => [`counted ${name}`, `mailed ${name}`, `placed ${name}`])
        .toSorted()
      await until(
        async () => (await effects()).length >= wanted.length && (await countOf('dead')) === names.length,
      )
      expect(await effects()).toEqual(wanted)
    },
    async stop() {
      await client.end()
      await worker?.stop(5_000)
      await running.stop()
    },
  }
}

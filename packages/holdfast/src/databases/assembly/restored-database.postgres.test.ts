import { randomUUID } from 'node:crypto'
import { anyone, type Answer, createLogger, event, holdfast, systemClock } from 'holdfast'
import { connectClient, postgres, sql } from 'holdfast/postgres'
import { createTestDatabase, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

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

const place = mutation({
  route: 'POST /orders',
  access: anyone(),
  input: payload,
  status: 201,
  async run({ input, db, jobs, publish }) {
    await db.query(sql`insert into effects (name) values (${`placed ${input.name}`})`)
    await jobs.enqueue(mail, input)
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
  name: 'restored',
  operations: { place },
  jobs: [mail],
  consumers: [count],
})

/** Starts the service with a worker on a database. */
async function start(url: string) {
  const lines: Record<string, unknown>[] = []
  const running = await app.start({
    env: { DATABASE_URL: url },
    mode: 'production',
    clock: systemClock,
    log: createLogger({ level: 'warn', write: (line) => lines.push(JSON.parse(line)) }),
    notify: () => {},
  })
  const worker = await running.startWorker()
  const client = await connectClient({ connectionString: url, applicationName: 'test' })
  const effects = async (): Promise<readonly string[]> => {
    const { rows } = await client.query<{ name: string }>('select name from effects order by name')
    return rows.map(({ name }) => name)
  }
  return {
    lines,
    place: (name: string, key: string): Promise<Answer> =>
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
      await until(async () => (await effects()).length >= wanted.length)
      expect(await effects()).toEqual(wanted)
    },
    async stop() {
      await client.end()
      await worker?.stop(5_000)
      await running.stop()
    },
  }
}

test('a database that is restored from a backup continues: lost calls can be repeated, once', async () => {
  const database = await createTestDatabase()
  const [kept, lost] = [randomUUID(), randomUUID()]
  const before = await start(database.url)
  expect(await before.place('a', kept)).toMatchObject({ status: 201 })
  await before.settled('a')
  await before.stop()
  const backup = await createTestDatabase(new URL(database.url).pathname.slice(1))

  const after = await start(database.url)
  expect(await after.place('b', lost)).toMatchObject({ status: 201 })
  await after.settled('a', 'b')
  await after.stop()
  await database.drop()

  const restored = await start(backup.url)
  expect(restored.lines).toContainEqual(expect.objectContaining({ change: 'database' }))
  const replayed = await restored.place('a', kept)
  expect(replayed).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } })
  const again = await restored.place('b', lost)
  expect(again.status).toBe(201)
  expect(again.headers).not.toHaveProperty('idempotency-replayed')
  await restored.place('c', randomUUID())
  await restored.settled('a', 'b', 'c')
  await restored.stop()
  await backup.drop()
})

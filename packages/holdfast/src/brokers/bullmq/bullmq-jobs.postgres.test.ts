import { anyone, event, holdfast, type JobContext, schedule, signedIn } from 'holdfast'
import { bullmqJobs } from 'holdfast/bullmq'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { Redis } from 'ioredis'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { redisTool, startRedis } from '../../../test/redis-server.ts'

const { missing } = await redisTool()
const redis = missing === undefined ? await startRedis() : undefined
const connection = { port: redis?.port ?? 6379 }

const { consumer, job, mutation, service } = holdfast({
  database: postgres({ jobEngine: bullmqJobs({ connection, keepOnPostgres: ['kept'] }) }),
})

const runs: string[] = []
const input = z.object({ name: z.string() })
type Context = JobContext<{ name: string }, SqlDatabase>

const retry = { attempts: 1 } as const
const note = (context: Context): void => void runs.push(context.input.name)
const useStep = async (context: Context): Promise<void> => {
  await context.step('first', () => runs.push(`${context.input.name} in a step`))
}
const plain = job({ name: 'plain', input, retry, run: note })
const stepping = job({ name: 'stepping', input, retry, run: useStep })
const kept = job({ name: 'kept', input, retry, concurrency: { limit: 1, ordered: true }, run: useStep })
let release = (): void => {}
const alone = job({
  name: 'alone',
  input,
  concurrency: { limit: 1 },
  run(context) {
    note(context)
    if (context.input.name === 'held') return new Promise<void>((resolve) => (release = resolve))
  },
})
const jobs = { plain, stepping, kept, alone }

const Noted = event('noted', { payload: input })
const listening = consumer({
  name: 'listening',
  event: Noted,
  run: ({ message }) => void runs.push(`heard ${message.payload.name}`),
})

/** The handler of the mutation under test. */
let act: (context: Pick<Context, 'jobs' | 'publish'>) => Promise<unknown>
const arrange = mutation({
  route: 'POST /arrange',
  access: anyone('a test'),
  output: z.object({ json: z.string() }),
  run: async (context) => ({ json: JSON.stringify((await act(context)) ?? null) }),
})
const nightly = schedule({ name: 'nightly', cron: '0 3 * * *', job: plain, input: { name: 'tick' } })
const tested = service({
  name: 'bullmq-jobs',
  operations: { arrange },
  jobs: Object.values(jobs),
  consumers: [listening],
  schedules: [nightly],
})
type Tested = TestService<typeof tested.operations>

const started: Tested[] = []
const lines: string[] = []
async function start(options: Parameters<typeof createTestService>[1] = {}): Promise<Tested> {
  const one = await createTestService(tested, { onLog: (line) => lines.push(line), ...options })
  started.push(one)
  return one
}

async function transact<T>(on: Tested, what: (context: Parameters<typeof act>[0]) => Promise<T>): Promise<T> {
  act = what
  const { json } = await on.call.arrange({})
  return JSON.parse(json) as T
}

const enqueue = (on: Tested, what: keyof typeof jobs, name: string): Promise<string> =>
  transact(on, async (context) => (await context.jobs.enqueue(jobs[what], { name })).id)

const ran = (count: number): Promise<unknown> => until(() => runs.length === count || undefined)

const inState = (on: Tested, id: string, state: string): Promise<{ readonly failure: unknown }> =>
  until(async () => {
    const [row] = await on.sql<{ state: string; failure: unknown }>(
      'select * from holdfast.all_jobs where id = $1',
      [id],
    )
    return row?.state === state ? row : undefined
  })

/** Returns all data in Redis as text. */
async function textInRedis(): Promise<string> {
  const client = new Redis({ ...connection })
  try {
    const hashes = await Promise.all(
      (await client.keys('*')).map(async (key) =>
        (await client.type(key)) === 'hash' ? [key, await client.hgetall(key)] : [key],
      ),
    )
    return JSON.stringify(hashes)
  } finally {
    client.disconnect()
  }
}

describe.skipIf(missing)('bullmqJobs', () => {
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop()
    runs.length = 0
    lines.length = 0
  })
  afterAll(() => redis?.stop())

  test('a job, its second attempt and the jobs that it enqueues run as the tenant of its enqueuer', async () => {
    const app = holdfast({
      database: postgres({
        migrations: new URL('../../identity/tenants/tenants.fixture/', import.meta.url),
        tenants: { column: 'tenant' },
        jobEngine: bullmqJobs({ connection }),
      }),
      identify: ({ header }) => ({ kind: 'user', id: 'ann', tenant: header('x-tenant') ?? 'none' }),
    })
    const seen: string[] = []
    async function look(who: string, { tenant, db }: JobContext<unknown, SqlDatabase>): Promise<void> {
      const rows = await db.query<{ id: string }>(sql`select id from orders order by id limit 10`)
      seen.push(`${who} of ${tenant}: ${rows.map(({ id }) => id).join(' ')}`)
    }
    const child = app.job({ name: 'child', input: z.object({}), run: (context) => look('child', context) })
    const parent = app.job({
      name: 'parent',
      input: z.object({}),
      retry: { initialDelay: '1ms' },
      async run(context) {
        await look(`attempt ${context.attempt}`, context)
        if (context.attempt === 1) throw new Error('again')
        await context.jobs.enqueue(child, {})
      },
    })
    const enqueueParent = app.mutation({
      route: 'POST /parents',
      access: signedIn(),
      run: async ({ jobs: own }) => void (await own.enqueue(parent, {})),
    })
    const shop = app.service({ name: 'tenants-bullmq', operations: { enqueueParent }, jobs: [parent, child] })
    await using on = await createTestService(shop, { onLog: () => {} })
    for (const tenant of ['acme', 'bolt']) {
      seen.length = 0
      await on.call.enqueueParent({}, { headers: { 'x-tenant': tenant } })
      await until(() => seen.length === 3)
      const rows = tenant === 'acme' ? 'a1 a2' : 'b1'
      expect(seen).toEqual(['attempt 1', 'attempt 2', 'child'].map((who) => `${who} of ${tenant}: ${rows}`))
    }
  })

  test('bullmqJobs rejects all jobs with features that BullMQ lacks, in one error', async () => {
    const app = holdfast({ database: postgres({ jobEngine: bullmqJobs({ connection }) }) })
    const byName = (given: { name: string }): string => given.name
    const keyed = app.job({
      name: 'keyed',
      input,
      concurrency: { limit: 1, key: byName },
      rate: { limit: 1, per: '1s', key: byName },
      run: () => {},
    })
    const ordered = app.job({
      name: 'ordered',
      input,
      concurrency: { limit: 1, ordered: true },
      run: () => {},
    })
    const behind = app.job({
      name: 'behind',
      input,
      concurrency: { limit: 1, onDead: 'wait' },
      run: () => {},
    })
    const refused = app.service({ name: 'refused', operations: {}, jobs: [keyed, ordered, behind] })
    const failure = await createTestService(refused).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'service-invalid' })
    const { message } = failure as Error
    expect(message).toMatch(
      /job "keyed" \(.*bullmq-jobs\.postgres\.test\.ts:\d+.*\) limits its concurrency by key/,
    )
    expect(message).toMatch(/job "keyed" .* limits its rate by key/)
    expect(message).toMatch(/job "behind" .* makes later jobs wait for a dead job/)
    expect(message).toMatch(/job "ordered" .* is ordered.*keepOnPostgres: \['ordered'\]/)
  })

  test('bullmqJobs rejects a job that uses a step, and names the alternative', async () => {
    const on = await start()
    const { failure } = await inState(on, await enqueue(on, 'stepping', 'a'), 'dead')
    expect(failure).toMatchObject({
      code: 'job-without-steps',
      message: expect.stringContaining(`keepOnPostgres: ['stepping']`) as string,
    })
  })

  test('jobs that are kept on Postgres have all features', async () => {
    const on = await start()
    await inState(on, await enqueue(on, 'kept', 'a'), 'succeeded')
    expect(runs).toEqual(['a in a step'])
  })

  test('a job that was handed over to BullMQ is taken back when its name is kept on Postgres', async () => {
    const on = await start({ worker: false })
    const id = await enqueue(on, 'kept', 'a')
    await on.sql(`update holdfast.jobs set state = 'waiting', run_at = 'infinity' where id = $1`, [id])
    const worker = await on.running.startWorker()
    await inState(on, id, 'succeeded')
    await worker!.stop(1_000)
  })

  test('consumers and schedules stay with Postgres; BullMQ runs the jobs that a schedule enqueues', async () => {
    const on = await start({ worker: false })
    const first = await on.running.startWorker()
    await transact(on, ({ publish }) => publish(Noted, 'a', { name: 'a message' }))
    await ran(1)
    await until(async () => (await on.sql('select from holdfast.job_schedules')).length === 1 || undefined)
    await first!.stop(1_000)
    await on.sql(`update holdfast.job_schedules set done_until = now() - interval '5 days'`)
    const second = await on.running.startWorker()
    await ran(2)
    await second!.stop(1_000)
    expect(runs).toEqual(['heard a message', 'tick'])
    expect(await on.sql(`select name, claim, state from holdfast.all_jobs order by name`)).toEqual([
      { name: 'consumer:listening', claim: 1, state: 'succeeded' },
      // The claim is 0, because no Postgres worker has claimed the job.
      { name: 'plain', claim: 0, state: 'succeeded' },
    ])
  })

  test('enqueuing needs no Redis, and a job that is cancelled meanwhile never runs', async () => {
    await redis!.kill()
    const on = await start()
    const cancelled = await enqueue(on, 'plain', 'cancelled')
    await until(() => lines.some((line) => line.includes('Cannot connect to Redis')) || undefined)
    await transact(on, (context) => context.jobs.cancel(cancelled))
    await redis!.restart()
    await enqueue(on, 'plain', 'after')
    await ran(1)
    expect(runs).toEqual(['after'])
  })

  test('Redis stores only ids, not inputs; a job that is cancelled while it is in Redis never runs', async () => {
    const on = await start()
    await enqueue(on, 'alone', 'held')
    await ran(1)
    const cancelled = await enqueue(on, 'alone', 'cancelled')
    await inState(on, cancelled, 'waiting')
    const text = await textInRedis()
    expect(text).toContain(cancelled)
    expect(text).not.toContain('held')
    await transact(on, (context) => context.jobs.cancel(cancelled))
    await enqueue(on, 'alone', 'after')
    release()
    await ran(2)
    expect(runs).toEqual(['held', 'after'])
  })
})

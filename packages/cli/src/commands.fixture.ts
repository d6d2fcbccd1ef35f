import { anyone, event, GiveUp, holdfast, type Job } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { z } from 'zod'
import { callHoldfast, type Run } from './run-holdfast.fixture.ts'

const { job, mutation, service } = holdfast({ database: postgres() })

const input = z.object({ to: z.string(), password: z.string() })
const mail = job({
  name: 'mail',
  input,
  run: ({ input: { to } }) => {
    throw new GiveUp(`${to} is away: smtp://relay:hunter2@mail.test`)
  },
})
const later = job({
  name: 'later',
  input,
  concurrency: { limit: 1 },
  subjectsOf: ({ to }) => `customer:${to}`,
  run: () => {},
})
const jobs = { mail, later }

const Paid = event('order.paid', { payload: z.object({ order: z.int(), apiKey: z.string() }) })
const act = mutation({
  route: 'POST /acts',
  access: anyone('a test'),
  input: z.object({ job: z.enum(['mail', 'later']), delay: z.literal('1h').optional() }),
  output: z.object({ id: z.string(), accessToken: z.string() }),
  async run({ input: { job: name, delay }, jobs: enqueuing, publish }) {
    const given = { to: 'ada', password: 'hunter2' }
    const options = delay === undefined ? {} : { delay }
    const { id } = await enqueuing.enqueue(jobs[name] as Job<typeof given>, given, options)
    await publish(Paid, 'order-7', { order: 7, apiKey: 'hunter2' })
    return { id, accessToken: 'hunter2' }
  },
})
const tested = service({ name: 'command-line-test', operations: { act }, jobs: Object.values(jobs) })

/**
 * Starts a service for the tests of a file, with empty tables for each test. Call it at the top
 * level of the file.
 */
export function commandsOnService() {
  let on: TestService<typeof tested.operations>
  beforeAll(async () => {
    on = await createTestService(tested, { onLog: () => {}, worker: false })
  })
  afterAll(() => on.stop())
  beforeEach(() =>
    on.sql(
      'truncate holdfast.jobs, holdfast.ended_jobs, holdfast.job_pauses, holdfast.messages, holdfast.subscriptions, holdfast.subjects cascade',
    ),
  )

  const run = (...line: readonly string[]): Promise<Run> =>
    callHoldfast(line, { databaseUrl: on.databaseUrl })

  /** Runs a command that must succeed, and returns its output. */
  async function printed(...line: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await run(...line)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    return stdout
  }

  async function json(...line: readonly string[]): Promise<Record<string, unknown>> {
    return JSON.parse(await printed(...line, '--json')) as Record<string, unknown>
  }

  const enqueued = async (name: 'mail' | 'later', delay?: '1h'): Promise<string> =>
    (await on.call.act({ job: name, ...(delay === undefined ? {} : { delay }) })).id

  const stateOf = async (id: string): Promise<string | undefined> =>
    (await on.sql<{ state: string }>('select state from holdfast.all_jobs where id = $1', [id]))[0]?.state

  async function died(): Promise<string> {
    const id = await enqueued('mail')
    const worker = await on.running.startWorker()
    await until(async () => (await stateOf(id)) === 'dead')
    await worker?.stop(1_000)
    return id
  }

  const sql: TestService<typeof tested.operations>['sql'] = (text, values) => on.sql(text, values)
  const fetch: TestService<typeof tested.operations>['fetch'] = (path, init) => on.fetch(path, init)
  return { sql, fetch, run, printed, json, enqueued, stateOf, died }
}

import { anyone, createLogger, holdfast, type JobContext, systemClock } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { until } from 'holdfast/testing'
import { createMigratedDatabase } from '../../../testing/template.ts'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { startCuttingProxy } from '../../../../test/cutting-proxy.ts'
import { DriverClient } from '../../../storage/postgres/session/driver-client.ts'

// Tests lost replies: the database has executed a statement, but the worker does not know it.

const { job, mutation, service } = holdfast({ database: postgres() })

type Context = Pick<JobContext<unknown, unknown>, 'id' | 'attempt' | 'signal'>

let run: (context: Context) => void | Promise<void> = () => {}
const work = job({
  name: 'work',
  input: z.object({}),
  retry: { attempts: 5, initialDelay: '1ms' },
  run: (context) => run(context),
})
const enqueue = mutation({
  route: 'POST /work',
  access: anyone('a test'),
  idempotency: { optional: 'a test calls once' },
  run: async ({ jobs }) => void (await jobs.enqueue(work, {})),
})
const tested = service({ name: 'claims', operations: { enqueue }, jobs: [work] })

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(watch: Parameters<typeof startCuttingProxy>[1] = () => {}) {
  const database = await createMigratedDatabase()
  ends.push(() => database.drop())
  const proxy = await startCuttingProxy(database.url, watch)
  ends.push(() => proxy.close())
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  ends.push(() => looking.end())
  const lines: string[] = []
  const running = await tested.start({
    env: { DATABASE_URL: proxy.url },
    mode: 'test',
    clock: systemClock,
    notify: () => {},
    log: createLogger({ level: 'debug', write: (line) => lines.push(line) }),
  })
  ends.push(() => running.stop())
  const worker = await running.startWorker({ concurrency: 4 })
  ends.push(() => worker!.stop(1_000))
  return {
    proxy,
    lines,
    enqueue: () =>
      running.call({
        operation: 'enqueue',
        input: { path: {}, query: {}, body: undefined },
        header: () => undefined,
      }),
    find: async () => (await looking.query('select state, claim, failures from holdfast.all_jobs')).rows,
  }
}

const hasText = (bytes: Buffer, text: string): boolean => bytes.toString('latin1').includes(text)

test('a job whose claim committed without a reply still runs, and loses no attempt', async () => {
  const attempts: number[] = []
  run = ({ attempt }) => void attempts.push(attempt)
  const on = await start()
  // The row that a claim returns.
  const lost = on.proxy.cut({
    application: /\(own\)/,
    sender: 'backend',
    where: ({ type, bytes }) => type === 'D' && hasText(bytes, 'work'),
    place: 'before',
    mode: 'destroyed',
  })
  await on.enqueue()
  await until(async () => (await on.find())[0]?.state === 'succeeded')
  expect(lost.hasHappened).toBe(true)
  expect(attempts).toEqual([1])
  expect(await on.find()).toEqual([{ state: 'succeeded', claim: 2, failures: 0 }])
})

test('two attempts of a job never run at the same time, even if the reply to the end of an attempt is lost', async () => {
  const now = new Map<string, number>()
  let [most, hasRepeated, mayEnd] = [0, false, false]
  run = async ({ id, attempt, signal }) => {
    now.set(id, (now.get(id) ?? 0) + 1)
    most = Math.max(most, now.get(id)!)
    try {
      if (attempt === 1) throw new Error('fails once')
      await until(() => mayEnd || signal.aborted)
    } finally {
      now.set(id, now.get(id)! - 1)
    }
  }
  let ending: object | undefined
  const on = await start(({ bytes }, sender, connection) => {
    if (sender !== 'frontend' || !hasText(bytes, 'holdfast_end_attempt')) return
    if (ending && ending !== connection) hasRepeated = true
    ending ??= connection
  })
  // Only the reply of a claim has these columns.
  on.proxy.cut({
    application: /\(own\)/,
    sender: 'backend',
    where: ({ type, bytes }) => type === 'T' && hasText(bytes, 'has_slot') && !hasText(bytes, 'limit_key'),
    place: 'before',
    mode: 'silent',
  })
  await on.enqueue()
  // Waits until the second attempt runs, and until the first attempt has sent its end again and
  // learned that its job is lost.
  await until(() => hasRepeated && on.lines.some((line) => line.includes('job lost')))
  // The worker then releases the claims that it does not know of. It must not release the second
  // attempt's claim.
  on.proxy.cut({
    application: /\(own\)/,
    sender: 'backend',
    where: ({ type, bytes }) => type === 'D' && hasText(bytes, 'work'),
    place: 'before',
    mode: 'destroyed',
  })
  await on.enqueue()
  await until(() => on.lines.some((line) => line.includes('released jobs whose claim was not answered')))
  await until(() => now.size === 2)
  mayEnd = true
  await until(async () => (await on.find()).every(({ state }) => state === 'succeeded'))
  expect(most).toBe(1)
}, 120_000)

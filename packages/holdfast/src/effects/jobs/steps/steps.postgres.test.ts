import {
  anyone,
  type Duration,
  event,
  type EnqueuedJob,
  holdfast,
  type JobContext,
  RetryLater,
} from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, service } = holdfast({
  database: postgres({ migrations: new URL('../../../../test/jobs/migrations/', import.meta.url) }),
})

type Context = JobContext<Record<string, never>, SqlDatabase>

const Approved = event('approval.given', { payload: z.object({ by: z.string() }) })

const note = async (db: SqlDatabase, name: string): Promise<void> => {
  await db.query(sql`insert into effects (name) values (${name})`)
}

let work: (context: Context) => void | Promise<void> = () => {}
const stepped = job({
  name: 'stepped',
  input: z.object({}),
  retry: { attempts: 3, initialDelay: '1ms' },
  run: (context) => work(context),
})
const start = mutation({
  route: 'POST /start',
  access: anyone('a test'),
  output: z.object({ id: z.string(), isNew: z.boolean() }),
  run: ({ jobs }) => jobs.enqueue(stepped, {}) as Promise<EnqueuedJob>,
})
const approve = mutation({
  route: 'POST /approve',
  access: anyone('a test'),
  input: z.object({ key: z.string(), by: z.string() }),
  async run({ input, publish }) {
    await publish(Approved, input.key, { by: input.by })
  },
})

const tested = service({ name: 'steps-test', operations: { start, approve }, jobs: [stepped] })
type Tested = TestService<typeof tested.operations>

const started: Tested[] = []
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop()
})

async function begin(options: Parameters<typeof createTestService>[1] = {}): Promise<Tested> {
  const one = await createTestService(tested, { onLog: () => {}, ...options })
  started.push(one)
  return one
}

const inState = (on: Tested, id: string, state: string): Promise<Record<string, unknown>> =>
  until(async () => {
    const [row] = await on.sql<Record<string, unknown>>('select * from holdfast.all_jobs where id = $1', [id])
    return row?.['state'] === state ? row : undefined
  })

const effects = async (on: Tested): Promise<readonly string[]> =>
  (await on.sql<{ name: string }>('select name from effects order by id')).map(({ name }) => name)

test('a step runs once, even if a later step fails', async () => {
  const on = await begin()
  const keys: string[] = []
  const results: unknown[] = []
  work = async ({ step, attempt, db }) => {
    const charged = await step('charge', async ({ db: inStep, key }) => {
      keys.push(key)
      await note(inStep, 'charged')
      return { at: attempt }
    })
    results.push(charged)
    await note(db, `attempt ${attempt}`)
    if (attempt < 3) throw new Error('not yet')
  }
  const { id } = await on.call.start({})
  await inState(on, id, 'succeeded')
  expect(await effects(on)).toEqual(['charged', 'attempt 3'])
  expect(results).toEqual([{ at: 1 }, { at: 1 }, { at: 1 }])
  expect(keys).toEqual([expect.stringMatching(/^[\w-]{43}$/)])
})

test('a failed step leaves nothing, runs again, and keeps its key', async () => {
  const on = await begin()
  const keys: string[] = []
  work = async ({ step, attempt }) => {
    await step('charge', async ({ db, key }) => {
      keys.push(key)
      await note(db, `charge ${attempt}`)
      if (attempt === 1) throw new Error('declined')
    })
  }
  const { id } = await on.call.start({})
  await inState(on, id, 'succeeded')
  expect(await effects(on)).toEqual(['charge 2'])
  expect(keys).toHaveLength(2)
  expect(new Set(keys).size).toBe(1)
})

test('a sleeping job holds no resources, and resumes after its sleep', async () => {
  const on = await begin()
  let runs = 0
  work = async ({ step, db }) => {
    runs += 1
    await step('before', ({ db: inStep }) => note(inStep, 'before'))
    await step.sleep('a while', '400ms')
    await note(db, 'after')
  }
  const { id } = await on.call.start({})
  const asleep = await inState(on, id, 'scheduled')
  expect(asleep).toMatchObject({ worker: null, failures: 0 })
  await inState(on, id, 'succeeded')
  expect(await effects(on)).toEqual(['before', 'after'])
  expect(runs).toBe(2)
})

test('a handler that catches all errors still sleeps', async () => {
  const on = await begin()
  work = async ({ step, db }) => {
    try {
      await step.sleep('a while', '100ms')
    } catch {
      await note(db, 'caught')
    }
    await note(db, 'after')
  }
  const { id } = await on.call.start({})
  await inState(on, id, 'succeeded')
  expect(await effects(on)).toEqual(['after'])
})

test('a job waits for a message, even for one that was published earlier', async () => {
  const on = await begin()
  const got: unknown[] = []
  let release = (): void => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  work = async ({ step, id }) => {
    await step('hold', () => held)
    got.push((await step.waitFor('approval', Approved, { key: id }))?.payload)
    got.push((await step.waitFor('second', Approved, { key: `${id} again` }))?.payload)
  }
  const { id } = await on.call.start({})
  await on.call.approve({ key: id, by: 'ada' })
  release()
  const waiting = await inState(on, id, 'waiting')
  expect(waiting).toMatchObject({ worker: null })
  await on.call.approve({ key: `${id} again`, by: 'grace' })
  await inState(on, id, 'succeeded')
  expect(got.slice(-2)).toEqual([{ by: 'ada' }, { by: 'grace' }])
})

test('a wait for a message times out', async () => {
  const on = await begin()
  const got: unknown[] = []
  work = async ({ step }) => {
    got.push(await step.waitFor('approval', Approved, { key: 'never', timeout: '100ms' }))
  }
  const { id } = await on.call.start({})
  await inState(on, id, 'succeeded')
  expect(got).toEqual([undefined])
  expect(await on.sql('select from holdfast.job_waits')).toHaveLength(0)
})

test.each<[string, (context: Context) => Promise<void>, string]>([
  [
    'two steps of one name',
    async ({ step }) => {
      await step('a', () => 1)
      await step('a', () => 2)
    },
    'step-name-repeated',
  ],
  [
    'a step after the first use of db',
    async ({ step, db }) => {
      await note(db, 'early')
      await step('a', () => 1)
    },
    'step-in-transaction',
  ],
  [
    'a result that is not JSON',
    async ({ step }) => {
      await step('a', () => () => {})
    },
    'step-result-invalid',
  ],
  [
    'a result that is too large',
    async ({ step }) => {
      await step('a', () => 'x'.repeat(300_000))
    },
    'step-result-invalid',
  ],
])('%s is rejected', async (_what, broken, code) => {
  const on = await begin()
  work = broken
  const { id } = await on.call.start({})
  expect(await inState(on, id, 'dead')).toMatchObject({ failure: { code } })
  expect(await effects(on)).toEqual([])
})

test('a result that is not JSON-serializable is reported with its step and the position of the invalid part', async () => {
  const on = await begin()
  work = async ({ step }) => {
    await step('rate', () => ({ rates: [1, NaN] }))
  }
  const { id } = await on.call.start({})
  const { failure } = await inState(on, id, 'dead')
  const expected = /The step "rate" of the job .* returned NaN at \/rates\/1, which is not JSON-serializable/
  expect(failure).toMatchObject({ message: expect.stringMatching(expected) as string })
})

test('the result of a step is the same in each attempt, including null and undefined', async () => {
  const on = await begin()
  const given: unknown[] = []
  work = async ({ step, attempt }) => {
    given.push([
      await step('null', async () => null),
      await step('nothing', async () => {}),
      await step('text', async () => 'U+0000: \0, half a character: \uD800'),
    ])
    if (attempt === 1) throw new Error('again')
  }
  const { id } = await on.call.start({})
  await inState(on, id, 'succeeded')
  const expected = [null, undefined, 'U+0000: \0, half a character: \uD800']
  expect(given).toEqual([expected, expected])
  expect((given[1] as unknown[])[0]).toBeNull()
})

test.each([
  ['an object of nothing', Object.create(null)],
  ['an error whose message is not a text', Object.assign(new Error('x'), { message: { reason: 'none' } })],
  ['an error whose code cannot be stored', Object.assign(new Error('x'), { code: 'U+0000: \0' })],
  ['an error whose name cannot be stored', Object.assign(new Error('x'), { name: 'half: \uD800' })],
  ['a time without end', new RetryLater(`${'9'.repeat(400)}d` as Duration, 'never')],
  ['a time after all calendars', new RetryLater('999999999999d', 'much later', { countsAsAttempt: true })],
])('a job that throws %s has failed', async (_, thrown) => {
  const on = await begin()
  work = () => {
    throw thrown
  }
  const { id } = await on.call.start({})
  const failed = await until(async () => {
    const [row] = await on.sql<Record<string, unknown>>('select * from holdfast.all_jobs where id = $1', [id])
    return row!['failures'] === 0 ? undefined : row
  })
  expect(failed).toMatchObject({ failure: { message: expect.any(String), name: expect.any(String) } })
})

test('a job that is cancelled while it fails is kept for 30 days', async () => {
  const on = await begin()
  work = async ({ id }) => {
    // The job is marked as cancelled, but the worker has not noticed it yet.
    await on.sql('update holdfast.jobs set is_cancelled = true where id = $1', [id])
    throw new Error('fails')
  }
  const { id } = await on.call.start({})
  const cancelled = await inState(on, id, 'cancelled')
  const kept = Number(cancelled['expires_at']) - Number(cancelled['finished_at'])
  expect(kept).toBe(30 * 86_400_000)
})

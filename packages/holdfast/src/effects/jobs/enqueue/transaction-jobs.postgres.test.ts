import { anyone, holdfast, type Jobs } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, service } = holdfast({ database: postgres() })

const named = job({ name: 'named', input: z.object({ name: z.string() }), run: () => {} })
const given = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
const enqueueSome = mutation({
  route: 'POST /some',
  access: anyone('a test'),
  async run({ db, jobs }) {
    await jobs.enqueue(named, { name: 'kept' })
    await db.query(sql`savepoint part`)
    await jobs.enqueue(named, { name: 'undone' })
    await db.query(sql`rollback to savepoint part`)
    await jobs.enqueueMany(named, [{ name: 'after' }, { name: 'last' }])
  },
})
const enqueueTraced = mutation({
  route: 'POST /traced',
  access: anyone('a test'),
  async run({ jobs }) {
    await jobs.enqueue(named, { name: 'own' })
    await jobs.enqueue(named, { name: 'given' }, { traceparent: given })
    await jobs.enqueue(named, { name: 'malformed' }, { traceparent: 'none\0' })
  },
})
const limited = job({
  name: 'limited',
  input: z.object({ key: z.string() }),
  concurrency: { limit: 1, key: ({ key }) => key },
  run: () => {},
})
const open = job({ name: 'open', input: z.object({ it: z.unknown() }), run: () => {} })
let enqueue: (jobs: Jobs) => Promise<unknown> = async () => {}
const enqueueAny = mutation({
  route: 'POST /any',
  access: anyone('a test'),
  run: async ({ jobs }) => void (await enqueue(jobs)),
})
const tested = service({
  name: 'transaction-jobs-test',
  operations: { enqueueSome, enqueueTraced, enqueueAny },
  jobs: [named, limited, open],
})

test('jobs that were enqueued within a savepoint are undone with it', async () => {
  await using on = await createTestService(tested, { worker: false })
  await on.call.enqueueSome({})
  expect(await on.sql(`select input ->> 'name' as name from holdfast.all_jobs order by seq`)).toEqual([
    { name: 'kept' },
    { name: 'after' },
    { name: 'last' },
  ])
})

test('a job belongs to the passed trace, or to the trace of its caller', async () => {
  await using on = await createTestService(tested, { worker: false })
  await on.call.enqueueTraced({})
  const [own, other, malformed] = await on.sql('select traceparent from holdfast.all_jobs order by seq')
  expect(other).toEqual({ traceparent: given })
  expect(own).toEqual({ traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-/) as string })
  expect(malformed).toEqual(own)
})

test('a job gets its input as it was at the time of enqueuing, including any text that JSON allows', async () => {
  await using on = await createTestService(tested, { worker: false })
  const names = ['first', 'U+0000: \0', 'half a character: \uD800']
  enqueue = async (jobs) => {
    const reused = { name: '' }
    for (reused.name of names) await jobs.enqueue(named, reused)
  }
  await on.call.enqueueAny({})
  expect(await on.sql('select input from holdfast.all_jobs order by seq')).toEqual(
    names.map((name) => ({ input: { name } })),
  )
})

test('undeclared members of the input are not stored, however the job is enqueued', async () => {
  await using on = await createTestService(tested, { worker: false })
  const row = { name: 'Ada', password_hash: 'x' }
  enqueue = async (jobs) => {
    await jobs.enqueue(named, row)
    await jobs.enqueueMany(named, [row])
    await jobs.enqueue(named, row, { unique: 'ada' })
  }
  await on.call.enqueueAny({})
  const { name } = row
  expect(await on.sql('select input from holdfast.all_jobs')).toEqual(
    [1, 2, 3].map(() => ({ input: { name } })),
  )
})

// These values must not be stored. For example, a key that is too long for an index would block the
// admission of all jobs with its name.
test.each([
  ['job-options-invalid', (jobs: Jobs) => jobs.enqueue(limited, { key: 'k'.repeat(256) })],
  ['job-options-invalid', (jobs: Jobs) => jobs.enqueue(limited, { key: '\0' })],
  ['job-options-invalid', (jobs: Jobs) => jobs.enqueue(named, { name: '' }, { unique: '\uD800' })],
  ['job-options-invalid', (jobs: Jobs) => jobs.enqueue(named, { name: '' }, { unique: '' })],
  ['job-input-invalid', (jobs: Jobs) => jobs.enqueue(open, { it: 1n })],
])('a job that cannot be stored is rejected when it is enqueued: %s (%#)', async (code, refused) => {
  await using on = await createTestService(tested, { worker: false })
  const codes: unknown[] = []
  enqueue = (jobs) =>
    refused(jobs).catch((error: unknown) => codes.push(Reflect.get(error as object, 'code')))
  await on.call.enqueueAny({})
  expect(codes).toEqual([code])
  expect(await on.sql('select from holdfast.all_jobs')).toEqual([])
})

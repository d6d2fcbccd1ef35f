import { anyone, event, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { query, mutation, job, consumer, service } = holdfast({ database: postgres() })
const Done = z.object({ by: z.string() })
const done = event('done', { payload: Done })

interface Members {
  readonly db: { query(statement: ReturnType<typeof sql>): Promise<unknown> }
  readonly signal: AbortSignal
  readonly load: unknown
}

/** Uses the lazily created members on a copy of a context. */
async function tryOut({ db, signal, load }: Members): Promise<{ by: string }> {
  await db.query(sql`select 1`)
  return { by: `${typeof load} ${String(signal.aborted)}` }
}

const read = query({
  route: 'GET /read',
  access: anyone('a test'),
  output: Done,
  run: (c) => tryOut({ ...c }),
})

const tried: string[] = []

const work = job({
  name: 'work',
  input: z.object({}),
  async run(context) {
    const copy = { ...context }
    const { by } = await tryOut(copy)
    tried.push(`job ${by}`)
    await copy.publish(done, 'all', { by })
  },
})

const inSteps = job({
  name: 'in-steps',
  input: z.object({}),
  async run(context) {
    await { ...context }.step('one', async (stepContext) => {
      const copy = { ...stepContext }
      await copy.db.query(sql`select 1`)
      await copy.jobs.enqueue(work, {})
      tried.push(`step ${String(copy.signal.aborted)}`)
    })
  },
})

const handle = consumer({
  name: 'hear',
  event: done,
  async run(context) {
    const { by } = await tryOut({ ...context })
    tried.push(`consumer ${by}`)
  },
})

const begin = mutation({
  route: 'POST /begin',
  access: anyone('a test'),
  output: Done,
  async run(context) {
    const copy = { ...context }
    await copy.jobs.enqueue(inSteps, {})
    return tryOut(copy)
  },
})

test('a copy of a context has all members of the context', async () => {
  await using tested = await createTestService(
    service({
      name: 'copies',
      operations: { read, begin },
      jobs: [work, inSteps],
      consumers: [handle],
    }),
  )
  expect(await tested.call.read({})).toEqual({ by: 'function false' })
  expect(await tested.call.begin({})).toEqual({ by: 'function false' })
  await until(() => tried.length === 3)
  expect(tried).toEqual(['step false', 'job function false', 'consumer function false'])
})

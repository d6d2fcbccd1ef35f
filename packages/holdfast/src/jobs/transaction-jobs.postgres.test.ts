import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, service } = holdfast({ database: postgres() })

const named = job({ name: 'named', input: z.object({ name: z.string() }), run: () => {} })
const given = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
const enqueueSome = mutation({
  route: 'POST /some',
  access: anyone(),
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
  access: anyone(),
  async run({ jobs }) {
    await jobs.enqueue(named, { name: 'own' })
    await jobs.enqueue(named, { name: 'given' }, { traceparent: given })
    await jobs.enqueue(named, { name: 'malformed' }, { traceparent: 'none\0' })
  },
})
const tested = service({
  name: 'transaction-jobs-test',
  operations: { enqueueSome, enqueueTraced },
  jobs: { named },
})

test('what was enqueued within a savepoint goes with it', async () => {
  await using on = await createTestService(tested, { worker: false })
  await on.call.enqueueSome({})
  expect(await on.sql(`select input ->> 'name' as name from holdfast.jobs order by seq`)).toEqual([
    { name: 'kept' },
    { name: 'after' },
    { name: 'last' },
  ])
})

test('a job belongs to the trace that is named, or to that of whoever enqueues it', async () => {
  await using on = await createTestService(tested, { worker: false })
  await on.call.enqueueTraced({})
  const [own, other, malformed] = await on.sql('select traceparent from holdfast.jobs order by seq')
  expect(other).toEqual({ traceparent: given })
  expect(own).toEqual({ traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-/) as string })
  expect(malformed).toEqual(own)
})

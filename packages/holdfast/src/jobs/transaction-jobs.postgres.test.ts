import { anyone, holdfast } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, service } = holdfast({ database: postgres() })

const named = job({ name: 'named', input: z.object({ name: z.string() }), run: () => {} })
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
const tested = service({ name: 'transaction-jobs-test', operations: { enqueueSome }, jobs: { named } })

test('what was enqueued within a savepoint goes with it', async () => {
  await using on = await createTestService(tested, { worker: false })
  await on.call.enqueueSome({})
  expect(await on.sql(`select input ->> 'name' as name from holdfast.jobs order by seq`)).toEqual([
    { name: 'kept' },
    { name: 'after' },
    { name: 'last' },
  ])
})

import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, service } = holdfast({ database: postgres() })
const ran: string[] = []

const work = job({
  name: 'work',
  input: z.object({ name: z.string() }),
  run: ({ input }) => void ran.push(input.name),
})

const enqueue = mutation({
  route: 'POST /work',
  access: anyone(),
  run: async ({ jobs }) => {
    await jobs.enqueue(work, { name: 'unheard of' }, { delay: '1h' })
  },
})

test('a job whose claim was carried out, and never answered, is run all the same', async () => {
  await using tested = await createTestService(
    service({ name: 'claims', operations: { enqueue }, jobs: { work } }),
  )
  await tested.call.enqueue({})
  // What a claim leaves whose connection was lost before the answer.
  await tested.sql(
    `update holdfast.jobs set state = 'running', attempt = 1, worker = (select id from holdfast.job_workers)`,
  )
  await until(() => ran.includes('unheard of'))
  await until(async () => {
    const [row] = await tested.sql<{ state: string }>('select state from holdfast.jobs')
    return row?.state === 'succeeded'
  })
  expect(ran).toEqual(['unheard of'])
})

import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, service } = holdfast({ database: postgres() })

const alone = job({ name: 'alone', input: z.object({}), concurrency: { limit: 1 }, run: () => {} })
const enqueueSome = mutation({
  route: 'POST /some',
  access: anyone(),
  run: async ({ jobs }) => void (await jobs.enqueueMany(alone, [{}, {}, {}])),
})
const tested = service({ name: 'engine-test', operations: { enqueueSome }, jobs: { alone } })

test('a place that nobody waits for any more is given back', async () => {
  await using on = await createTestService(tested)
  await on.call.enqueueSome({})
  await until(async () => {
    const ended = await on.sql(`select from holdfast.jobs where state = 'succeeded'`)
    return ended.length === 3
  })
  expect(await on.sql('select places from holdfast.job_limits')).toEqual([{ places: 0 }])
})

test('a worker that was declared dead, and could not begin anew, can be stopped, twice', async () => {
  const clock = createFakeClock()
  const lines: string[] = []
  await using on = await createTestService(tested, {
    clock,
    worker: false,
    onLog: (line) => lines.push(line),
  })
  const worker = await on.running.startWorker()
  // Nobody gets onto the list any more, as where the database has become read-only.
  await on.sql('alter table holdfast.job_workers add constraint nobody check (false) not valid')
  await on.sql('delete from holdfast.job_workers')
  await until(() => {
    clock.advance(1_000)
    return lines.some((line) => line.includes('the worker could not go on yet'))
  })
  const stops = Promise.all([worker!.stop(0), worker!.stop(0)])
  let isOver = false
  void stops.finally(() => (isOver = true))
  await until(() => {
    clock.advance(1_000)
    return isOver
  })
  expect(await stops).toEqual([[], []])
})

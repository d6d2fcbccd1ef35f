import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { job, mutation, service } = holdfast({ database: postgres() })

const tell = job({
  name: 'tell',
  input: z.object({ progress: z.string() }),
  run: ({ input, progress, signal }) => {
    progress(input.progress)
    return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  },
})
const start = mutation({
  route: 'POST /start',
  access: anyone('a test'),
  async run({ jobs }) {
    await jobs.enqueueMany(tell, [{ progress: 'U+0000: \0' }, { progress: 'half' }])
  },
})
const tested = service({ name: 'progress-test', operations: { start }, jobs: [tell] })

test('progress that cannot be stored does not affect the progress of other jobs', async () => {
  await using on = await createTestService(tested, { worker: false })
  await on.call.start({})
  const worker = await on.running.startWorker()
  const stored = await until(async () => {
    const rows = await on.sql('select progress from holdfast.all_jobs where progress is not null')
    return rows.length > 0 ? rows : undefined
  })
  expect(stored).toEqual([{ progress: 'half' }])
  await worker!.stop(0)
})

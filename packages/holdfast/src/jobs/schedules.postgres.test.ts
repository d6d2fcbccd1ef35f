import { GiveUp, holdfast, schedule } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const { job, service } = holdfast({ database: postgres() })

const ticks: string[] = []
const report = job({
  name: 'report',
  input: z.object({ at: z.string() }),
  run: ({ input }) => void ticks.push(input.at),
})
const nightly = schedule({
  name: 'nightly',
  cron: '0 3 * * *',
  missed: 'all',
  job: report,
  input: (tick) => ({ at: tick.toISOString() }),
})

test('each tick of a schedule is one job, in all processes together', async () => {
  const reporting = service({ name: 'reporting', operations: {}, jobs: { report }, schedules: [nightly] })
  await using tested = await createTestService(reporting, { worker: false })
  const first = await tested.running.startWorker()
  const known = await until(async () => (await tested.sql('select * from holdfast.job_schedules'))[0])
  expect(known).toMatchObject({ name: 'nightly', cron: '0 3 * * *', time_zone: 'UTC' })
  await first!.stop(1_000)
  await tested.sql(`update holdfast.job_schedules set done_until = now() - interval '5 days'`)

  const workers = await Promise.all([1, 2, 3].map(() => tested.running.startWorker()))
  await until(async () => {
    const [row] = await tested.sql<{ n: string }>(
      `select count(*) as n from holdfast.jobs where state = 'succeeded'`,
    )
    return row?.n === '5' ? true : undefined
  })
  await Promise.all(workers.map((worker) => worker!.stop(1_000)))
  expect(new Set(ticks).size).toBe(5)
  expect(await tested.sql('select from holdfast.jobs')).toHaveLength(5)
})

test('a schedule that fails keeps no other from its times', async () => {
  const failing = schedule({
    name: 'failing',
    cron: '0 3 * * *',
    job: report,
    input() {
      throw new GiveUp('There is no input.')
    },
  })
  const lines: string[] = []
  const reporting = service({
    name: 'failing-schedule',
    operations: {},
    jobs: { report },
    schedules: [failing, nightly],
  })
  await using tested = await createTestService(reporting, {
    worker: false,
    onLog: (line) => lines.push(line),
  })
  await tested.sql(`
    insert into holdfast.job_schedules (name, cron, time_zone, done_until)
    select name, '0 3 * * *', 'UTC', now() - interval '1 day' from unnest(array['failing', 'nightly']) as names (name)`)
  await tested.running.startWorker()
  await until(async () => (await tested.sql('select from holdfast.jobs')).length === 1)
  await until(() =>
    lines.some((line) => line.includes(String.raw`the schedule \"failing\" could not be enqueued`)),
  )
})

test('a schedule that cannot be read, or whose job nobody has, does not start', async () => {
  const broken = schedule({ ...nightly, name: 'broken', cron: 'never', input: { at: '' } })
  const reporting = service({
    name: 'broken-schedule',
    operations: {},
    jobs: { report },
    schedules: [broken],
  })
  await expect(createTestService(reporting)).rejects.toMatchObject({ code: 'schedule-invalid' })
  const without = service({ name: 'no-job', operations: {}, schedules: [nightly] })
  await expect(createTestService(without)).rejects.toMatchObject({
    code: 'service-invalid',
    message: expect.stringContaining('its job "report" is not among the jobs of the service') as string,
  })
})

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
  input: (tick) => withMore({ at: tick.toISOString() }),
})

/** Adds undeclared properties, as a service that passes a whole row would do. */
function withMore<Input>(input: Input): Input {
  return { ...input, password_hash: 'x' }
}

test('each tick of a schedule is one job, across all processes', async () => {
  const reporting = service({ name: 'reporting', operations: {}, jobs: [report], schedules: [nightly] })
  await using tested = await createTestService(reporting, { worker: false })
  const first = await tested.running.startWorker()
  const known = await until(async () => (await tested.sql('select * from holdfast.job_schedules'))[0])
  expect(known).toMatchObject({ name: 'nightly', cron: '0 3 * * *', time_zone: 'UTC' })
  await first!.stop(1_000)
  await tested.sql(`update holdfast.job_schedules set done_until = now() - interval '5 days'`)

  const workers = await Promise.all([1, 2, 3].map(() => tested.running.startWorker()))
  await until(async () => {
    const [row] = await tested.sql<{ n: string }>(
      `select count(*) as n from holdfast.all_jobs where state = 'succeeded'`,
    )
    return row?.n === '5' ? true : undefined
  })
  await Promise.all(workers.map((worker) => worker!.stop(1_000)))
  expect(new Set(ticks).size).toBe(5)
  const inputs = await tested.sql<{ input: object }>('select input from holdfast.all_jobs')
  // Properties that the job does not declare are not stored.
  expect(inputs.map(({ input }) => Object.keys(input))).toEqual(Array(5).fill(['at']))
})

test.each([
  ['5 minutes', 'brings no tick again', true],
  ['2 days', 'does not keep a schedule waiting until then', false],
])('a clock that is set back by %s %s', async (by, _, staysAhead) => {
  const yearly = schedule({ name: 'yearly', cron: '0 0 1 1 *', job: report, input: { at: '' } })
  const reporting = service({ name: 'put-back', operations: {}, jobs: [report], schedules: [yearly] })
  await using tested = await createTestService(reporting, { worker: false })
  await tested.sql(
    `insert into holdfast.job_schedules (service, name, cron, time_zone, done_until)
     values ('put-back', 'yearly', '0 0 1 1 *', 'UTC', now() + $1::interval)`,
    [by],
  )
  // Statements that change no row are detected too.
  await tested.sql('create table looks (at timestamptz)')
  await tested.sql(`
    create function look() returns trigger language plpgsql as
    $$ begin insert into looks values (now()); return null; end $$`)
  await tested.sql(
    'create trigger looked after update on holdfast.job_schedules for each statement execute function look()',
  )
  const worker = await tested.running.startWorker()
  await until(async () => (await tested.sql('select from looks')).length > 0)
  await worker!.stop(1_000)
  expect(await tested.sql('select done_until > now() as ahead from holdfast.job_schedules')).toEqual([
    { ahead: staysAhead },
  ])
  expect(await tested.sql('select from holdfast.all_jobs')).toEqual([])
})

test('a failing schedule does not delay other schedules', async () => {
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
    jobs: [report],
    schedules: [failing, nightly],
  })
  await using tested = await createTestService(reporting, {
    worker: false,
    onLog: (line) => lines.push(line),
  })
  await tested.sql(`
    insert into holdfast.job_schedules (service, name, cron, time_zone, done_until)
    select 'failing-schedule', name, '0 3 * * *', 'UTC', now() - interval '1 day' from unnest(array['failing', 'nightly']) as names (name)`)
  await tested.running.startWorker()
  await until(async () => (await tested.sql('select from holdfast.all_jobs')).length === 1)
  await until(() =>
    lines.some((line) => line.includes(String.raw`enqueuing the jobs of the schedule \"failing\" failed`)),
  )
})

test('an invalid schedule, or a schedule without a job, does not start', async () => {
  const broken = schedule({ ...nightly, name: 'broken', cron: 'never', input: { at: '' } })
  const reporting = service({
    name: 'broken-schedule',
    operations: {},
    jobs: [report],
    schedules: [broken],
  })
  await expect(createTestService(reporting)).rejects.toMatchObject({ code: 'schedule-invalid' })
  const without = service({ name: 'no-job', operations: {}, schedules: [nightly] })
  await expect(createTestService(without)).rejects.toMatchObject({
    code: 'service-invalid',
    message: expect.stringContaining('its job "report" is not in `jobs` of the service') as string,
  })
})

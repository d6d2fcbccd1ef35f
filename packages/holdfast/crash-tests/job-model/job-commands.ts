import { randomUUID } from 'node:crypto'
import { until } from 'holdfast/testing'
import fc from 'fast-check'
import type { Cut } from '../../test/cutting-proxy.ts'
import { describeCut } from '../cut-sweep.ts'
import { type CommandParts, createCommand, expectNone } from '../model-command.ts'
import type { Enqueuing, JobFleet } from './job-fleet.ts'
import { type JobName, jobNames, outcomes } from './job-service.ts'

const instanceCount = 2
const maxMessage = 20

/** The state of one run: the enqueued jobs. */
export class JobRun {
  /** Ids of the enqueued jobs, each known from the response of a call. */
  readonly enqueued: string[] = []
  /**
   * The id of the run. It is added to unique keys, so that jobs of an earlier run are not treated
   * as duplicates.
   */
  readonly id: string = randomUUID()
}

type Command = fc.AsyncCommand<JobRun, JobFleet>

const command = (parts: CommandParts<JobRun, JobFleet>): Command =>
  createCommand(parts, (_run, fleet) => fleet.findViolations())

/** A job to enqueue. The run adds its id to the names. */
interface Plan extends Omit<Enqueuing, 'work'> {
  readonly work: Omit<Enqueuing['work'], 'name'>
}

function enqueue(plan: Plan): Command {
  const { job, work, unique, instance } = plan
  const key = unique === undefined ? '' : `, unique ${unique}`
  const step = work.hasStep ? ', with a step' : ''
  return command({
    name: `enqueue ${job} (${work.script.join(', ')}${step}${key}) at ${instance}`,
    act: async (run, fleet) => void (await enqueueJob(run, fleet, plan)),
  })
}

/** Enqueues a job. Returns its id if the call got a response. */
async function enqueueJob(
  run: JobRun,
  fleet: JobFleet,
  { unique, work, ...rest }: Plan,
): Promise<string | undefined> {
  const job = await fleet.enqueue({
    ...rest,
    work: { ...work, name: randomUUID() },
    ...(unique === undefined ? {} : { unique: `${run.id} ${unique}` }),
  })
  // The existing job may come from a call that returned an error.
  if (job && !run.enqueued.includes(job.id)) run.enqueued.push(job.id)
  return job?.id
}

/** Cancels one of the enqueued jobs, regardless of its state. */
function cancel(place: number): Command {
  return command({
    name: `cancel job ${place}`,
    async act({ enqueued }, fleet) {
      if (enqueued.length > 0) await fleet.cancel(enqueued[place % enqueued.length]!)
    },
  })
}

function redrive(job: JobName): Command {
  return command({ name: `redrive ${job}`, act: (_run, fleet) => fleet.redrive(job) })
}

function workThroughCut(instance: number, cut: Cut): Command {
  return command({
    name: `work at ${instance}, ${describeCut(cut)}`,
    async act(run, fleet) {
      const armed = fleet.proxy(instance).cut(cut)
      try {
        const work = { script: [], hasStep: true, limitKey: 'a' }
        await enqueueJob(run, fleet, { instance: 1 - instance, job: 'often', work })
        await fleet.settle()
      } finally {
        armed.disarm()
      }
    },
  })
}

/**
 * Takes a running job from its worker, so that two attempts run at the same time. The effects of
 * the first attempt must be discarded.
 */
function loseRunning(job: JobName): Command {
  return command({
    name: `lose a running job ${job}`,
    async act(run, fleet) {
      await fleet.sql(statements['resume all jobs'])
      const work = { script: ['is slow' as const, 'is slow' as const], hasStep: false, limitKey: 'a' }
      const id = await enqueueJob(run, fleet, { instance: 0, job, work })
      await until(
        async () => {
          const [row] = await fleet.sql<{ is_over: boolean; has_begun: boolean }>(
            `with begun as (select worker from holdfast.jobs where id = $1 and started_at is not null),
             lost as (delete from holdfast.job_workers using begun where job_workers.id = worker)
             select not exists (select from holdfast.jobs where id = $1) as is_over,
               exists (select from begun) as has_begun`,
            [id],
          )
          return row!.is_over || row!.has_begun
        },
        { what: 'the attempt of the job' },
      )
      await fleet.settle()
    },
  })
}

function restart(instance: number): Command {
  return command({ name: `restart ${instance}`, act: (_run, fleet) => fleet.restart(instance) })
}

/** Commands that consist of one statement. */
const statements = {
  'pause all jobs': `
    insert into holdfast.job_pauses (service, name) select 'jobs', unnest(array['once', 'often', 'limited'])
    on conflict do nothing`,
  'resume all jobs': 'delete from holdfast.job_pauses',
  // A worker runs a statement like this if another worker was paused for longer than its lease.
  'declare a worker dead': `
    delete from holdfast.job_workers where id = (select id from holdfast.job_workers order by random() limit 1)`,
  'terminate all sessions of workers': `
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'holdfast%job%'`,
  'cancel all statements': `
    select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'holdfast%' and state = 'active'`,
} as const

function runStatement(name: keyof typeof statements): Command {
  return command({ name, act: async (_run, fleet) => void (await fleet.sql(statements[name])) })
}

/** Waits until all jobs have ended, and checks their outcomes. */
export async function settle(run: JobRun, fleet: JobFleet): Promise<void> {
  await fleet.settle()
  expectNone(await fleet.findUnsettled())
  const lost = await fleet.sql<{ id: string }>(
    'select id from unnest($1::uuid[]) as id where id not in (select id from holdfast.ended_jobs)',
    [run.enqueued],
  )
  expectNone(lost.map(({ id }) => `job ${id} is lost`))
}

/** All commands, in any order. */
export const commands: fc.Arbitrary<Iterable<Command>> = arbitraryCommands()

function arbitraryCommands(): fc.Arbitrary<Iterable<Command>> {
  const instance = fc.nat({ max: instanceCount - 1 })
  const work = fc.record({
    script: fc.array(fc.constantFrom(...outcomes.filter((outcome) => outcome !== 'is slow')), {
      maxLength: 4,
    }),
    hasStep: fc.boolean(),
    limitKey: fc.constantFrom('a', 'b'),
  })
  const job = fc.constantFrom(...jobNames)
  const unique = fc.constantFrom('x', 'y')
  const enqueuing = fc
    .record({ instance, job, work, unique }, { requiredKeys: ['instance', 'job', 'work'] })
    .map((plan) => enqueue(plan as Plan))
  const cut: fc.Arbitrary<Cut> = fc.record({
    application: fc.constantFrom(/^holdfast \(own\)$/, /^holdfast job/),
    sender: fc.constantFrom('frontend', 'backend'),
    message: fc.integer({ min: 1, max: maxMessage }),
    place: fc.constantFrom('before', 'middle', 'after'),
    mode: fc.constantFrom('destroyed', 'destroyed', 'destroyed', 'destroyed', 'silent'),
  })
  return fc.commands(
    [
      enqueuing,
      enqueuing,
      enqueuing,
      fc.nat({ max: 9 }).map(cancel),
      job.map(redrive),
      fc.tuple(instance, cut).map(([which, where]) => workThroughCut(which, where)),
      fc.constantFrom('often' as const, 'limited' as const).map(loseRunning),
      instance.map(restart),
      fc.constantFrom(...(Object.keys(statements) as (keyof typeof statements)[])).map(runStatement),
      fc.constant(command({ name: 'settle', act: settle })),
    ],
    { maxCommands: 15 },
  )
}

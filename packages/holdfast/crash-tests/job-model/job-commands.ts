import { randomUUID } from 'node:crypto'
import { until } from 'holdfast/testing'
import fc from 'fast-check'
import type { Cut } from '../../test/cutting-proxy.ts'
import { describeCut } from '../cut-sweep.ts'
import type { Enqueuing, JobFleet } from './job-fleet.ts'
import { type JobName, jobNames, outcomes } from './job-service.ts'

const instanceCount = 2
const maxMessage = 20

/** State of one run: the jobs that were enqueued. */
export class JobRun {
  /** Ids of jobs whose enqueuing was answered. */
  readonly enqueued: string[] = []
  /** Keys are scoped to one run, so that jobs of an earlier run are not taken for duplicates. */
  readonly id: string = randomUUID()
}

type Command = fc.AsyncCommand<JobRun, JobFleet>

abstract class Step implements Command {
  check(): boolean {
    return true
  }

  async run(run: JobRun, fleet: JobFleet): Promise<void> {
    await this.act(run, fleet)
    expectNone(await fleet.findViolations())
  }

  abstract act(run: JobRun, fleet: JobFleet): Promise<void>
  abstract toString(): string
}

/** A job to enqueue, whose names are completed by the run. */
interface Plan extends Omit<Enqueuing, 'work'> {
  readonly work: Omit<Enqueuing['work'], 'name'>
}

class Enqueue extends Step {
  readonly #plan: Plan

  constructor(plan: Plan) {
    super()
    this.#plan = plan
  }

  async act(run: JobRun, fleet: JobFleet): Promise<void> {
    await this.enqueue(run, fleet)
  }

  /** Returns the id of the job, if the call was answered. */
  async enqueue(run: JobRun, fleet: JobFleet): Promise<string | undefined> {
    const { unique, work, ...rest } = this.#plan
    const job = await fleet.enqueue({
      ...rest,
      work: { ...work, name: randomUUID() },
      ...(unique === undefined ? {} : { unique: `${run.id} ${unique}` }),
    })
    // An existing duplicate may have been enqueued by a call that was answered with an error.
    if (job && !run.enqueued.includes(job.id)) run.enqueued.push(job.id)
    return job?.id
  }

  toString(): string {
    const { job, work, unique, instance } = this.#plan
    const key = unique === undefined ? '' : `, unique ${unique}`
    const step = work.hasStep ? ', with a step' : ''
    return `enqueue ${job} (${work.script.join(', ')}${step}${key}) at ${instance}`
  }
}

class Redrive extends Step {
  readonly #job: JobName

  constructor(job: JobName) {
    super()
    this.#job = job
  }

  act(_run: JobRun, fleet: JobFleet): Promise<void> {
    return fleet.redrive(this.#job)
  }

  toString(): string {
    return `redrive ${this.#job}`
  }
}

class CutConnection extends Step {
  readonly #instance: number
  readonly #cut: Cut

  constructor(instance: number, cut: Cut) {
    super()
    this.#instance = instance
    this.#cut = cut
  }

  async act(run: JobRun, fleet: JobFleet): Promise<void> {
    const armed = fleet.proxy(this.#instance).cut(this.#cut)
    const work = { script: [], hasStep: true, limitKey: 'a' }
    await new Enqueue({ instance: 1 - this.#instance, job: 'often', work }).act(run, fleet)
    await fleet.settle()
    armed.disarm()
  }

  toString(): string {
    return `work at ${this.#instance}, ${describeCut(this.#cut)}`
  }
}

/**
 * Takes a job from its worker while both of its attempts run: the effects of the first one must be
 * discarded.
 */
class LoseRunningJob extends Step {
  readonly #job: JobName

  constructor(job: JobName) {
    super()
    this.#job = job
  }

  async act(run: JobRun, fleet: JobFleet): Promise<void> {
    await fleet.sql(statements['resume all jobs'])
    const work = { script: ['is slow', 'is slow'], hasStep: false, limitKey: 'a' } as const
    const plan: Plan = { instance: 0, job: this.#job, work: { ...work, script: [...work.script] } }
    const id = await new Enqueue(plan).enqueue(run, fleet)
    await until(
      async () => {
        const [row] = await fleet.sql<{ is_over: boolean; has_begun: boolean }>(
          `with begun as (select worker from holdfast.jobs where id = $1 and started_at is not null),
           lost as (delete from holdfast.job_workers using begun where job_workers.id = worker)
           select not exists (select from holdfast.jobs where id = $1) as is_over, exists (select from begun) as has_begun`,
          [id],
        )
        return row!.is_over || row!.has_begun
      },
      { timeoutMs: 60_000, what: 'the attempt of the job' },
    )
    await fleet.settle()
  }

  toString(): string {
    return `lose a running job ${this.#job}`
  }
}

class Restart extends Step {
  readonly #instance: number

  constructor(instance: number) {
    super()
    this.#instance = instance
  }

  act(_run: JobRun, fleet: JobFleet): Promise<void> {
    return fleet.restart(this.#instance)
  }

  toString(): string {
    return `restart ${this.#instance}`
  }
}

/** Commands that are one statement, run independently of the fleet. */
const statements = {
  'pause all jobs': `
    insert into holdfast.job_pauses (service, name) select 'jobs', unnest(array['once', 'often', 'limited'])
    on conflict do nothing`,
  'resume all jobs': 'delete from holdfast.job_pauses',
  // As other workers do with one that was paused past its lease.
  'declare a worker dead': `
    delete from holdfast.job_workers where id = (select id from holdfast.job_workers order by random() limit 1)`,
  'terminate all sessions that work': `
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'holdfast%job%'`,
  'cancel all statements': `
    select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like 'holdfast%' and state = 'active'`,
} as const

class RunStatement extends Step {
  readonly #name: keyof typeof statements

  constructor(name: keyof typeof statements) {
    super()
    this.#name = name
  }

  async act(_run: JobRun, fleet: JobFleet): Promise<void> {
    await fleet.sql(statements[this.#name])
  }

  toString(): string {
    return this.#name
  }
}

class Settle extends Step {
  async act(run: JobRun, fleet: JobFleet): Promise<void> {
    await settle(run, fleet)
  }

  toString(): string {
    return 'settle'
  }
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
  const enqueue = fc
    .record({ instance, job, work, unique }, { requiredKeys: ['instance', 'job', 'work'] })
    .map((plan) => new Enqueue(plan as Plan))
  const cut: fc.Arbitrary<Cut> = fc.record({
    application: fc.constantFrom(/^holdfast \(own\)$/, /^holdfast job/),
    sender: fc.constantFrom('frontend', 'backend'),
    message: fc.integer({ min: 1, max: maxMessage }),
    place: fc.constantFrom('before', 'middle', 'after'),
    mode: fc.constantFrom('destroyed', 'destroyed', 'destroyed', 'destroyed', 'silent'),
  })
  return fc.commands(
    [
      enqueue,
      enqueue,
      enqueue,
      job.map((name) => new Redrive(name)),
      fc.tuple(instance, cut).map(([which, where]) => new CutConnection(which, where)),
      fc.constantFrom('often' as const, 'limited' as const).map((name) => new LoseRunningJob(name)),
      instance.map((which) => new Restart(which)),
      fc
        .constantFrom(...(Object.keys(statements) as (keyof typeof statements)[]))
        .map((name) => new RunStatement(name)),
      fc.constant(new Settle()),
    ],
    { maxCommands: 15 },
  )
}

function expectNone(violations: readonly string[]): void {
  if (violations.length > 0) throw new Error(violations.join('\n'))
}

import type { Background, Capability } from './background.ts'
import type { Consumer } from './consumer.ts'
import { type Duration, toMilliseconds } from '../base/duration.ts'
import type { Job } from './job.ts'
import type { JobType } from './job-type.ts'
import type { Relay } from './relay.ts'
import type { Schedule } from './schedule.ts'
import { type Schema, toJsonSchema } from '../schema/schema.ts'

/** The background work in the definition of a service. */
export interface BackgroundDefinition {
  /**
   * The jobs: `[sendReceipt, …]`. A process runs only jobs that are in this list. Default: none.
   */
  readonly jobs?: readonly Job[]
  /** The consumers of messages: `[countTransfers, …]`. Default: none. */
  readonly consumers?: readonly Consumer[]
  /** The schedules: jobs that are enqueued at fixed times. Default: none. */
  readonly schedules?: readonly Schedule[]
  /** The relays: messages that are forwarded to brokers. Default: none. */
  readonly relays?: readonly Relay[]
  /** Parts that libraries add: `webhooks(…)`. Default: none. */
  readonly capabilities?: readonly Capability[]
}

/** Collects the background work of a service; adds its issues to `issues`. */
export function collectBackground(definition: BackgroundDefinition, issues: string[]): Background {
  const capabilities = definition.capabilities ?? []
  const jobs = [...(definition.jobs ?? []), ...capabilities.flatMap(({ jobs: added = [] }) => added)]
  const { consumers = [], schedules = [], relays = [] } = definition
  issues.push(
    ...repeated('job', jobs),
    ...repeated('consumer', consumers),
    ...repeated('schedule', schedules),
    ...repeated('relay', relays),
    ...repeated('capability', capabilities),
    ...jobs.flatMap(checkJob),
    ...consumers.flatMap(checkConsumer),
    ...schedules
      .filter(({ job }) => !jobs.includes(job as Job))
      .map(
        ({ name, job }) =>
          `schedule "${name}": its job "${job.name}" is not in \`jobs\` of the service; add it`,
      ),
  )
  return {
    jobs: new Map(jobs.map((job) => [job.name, job])),
    consumers,
    schedules,
    relays,
    subscribers: capabilities.flatMap(({ subscribers = [] }) => subscribers),
  }
}

/** Returns true if a service has background work. */
export function hasBackground({ jobs, consumers, schedules, relays, subscribers }: Background): boolean {
  return jobs.size + consumers.length + schedules.length + relays.length + subscribers.length > 0
}

interface Named {
  readonly name: string
  readonly definedAt?: string
}

function repeated(what: string, all: readonly Named[]): readonly string[] {
  return [...Map.groupBy(all, ({ name }) => name)]
    .filter(([, sharing]) => sharing.length > 1)
    .map(([name, sharing]) => {
      const locations = sharing.map(({ definedAt = 'unknown location' }) => definedAt).join(' and ')
      return `${what} "${name}": declared ${sharing.length} times (${locations}); use a unique name for each`
    })
}

const highestPriority = 1_000

function checkJob(job: JobType): readonly string[] {
  const issues: string[] = []
  if (!/^[a-z][a-z0-9]*(?:[-:.][a-z0-9]+)*$/.test(job.name)) issues.push('its name is not kebab-case')
  if (!Number.isInteger(job.priority) || Math.abs(job.priority) > highestPriority)
    issues.push(`its priority ${job.priority} must be an integer from -1000 to 1000`)
  const { attempts, schedule, initialDelay, maxDelay } = job.retry
  if (attempts !== undefined && (!Number.isInteger(attempts) || attempts < 1))
    issues.push(`its retry.attempts ${attempts} must be a positive integer`)
  if (schedule && (attempts ?? initialDelay ?? maxDelay) !== undefined)
    issues.push('its retry has a schedule, which replaces the other retry options; remove those options')
  for (const limit of [job.concurrency?.limit, job.rate?.limit])
    if (limit !== undefined && !(limit >= 1)) issues.push(`its limit ${limit} must be at least 1`)
  for (const [option, duration] of durationsOf(job)) {
    if (duration === undefined) continue
    issues.push(...issueOf(() => toMilliseconds(duration, { option })))
  }
  issues.push(...findStorageIssues('its input', job.input))
  return issues.map((issue) => `job "${job.name}" (${job.definedAt}): ${issue}`)
}

function durationsOf({
  deadline,
  retention,
  retry,
  rate,
}: JobType): (readonly [string, Duration | undefined])[] {
  return [
    ['deadline', deadline],
    ['retention', retention],
    ['retry.initialDelay', retry.initialDelay],
    ['retry.maxDelay', retry.maxDelay],
    ['rate.per', rate?.per],
    ...(retry.schedule ?? []).map((delay, index) => [`retry.schedule[${index}]`, delay] as const),
  ]
}

function checkConsumer({ name, definedAt, event }: Consumer): readonly string[] {
  return findStorageIssues(`the payload of its event "${event.name}"`, event.payload).map(
    (issue) => `consumer "${name}" (${definedAt}): ${issue}`,
  )
}

/**
 * Returns issues if a schema cannot be expressed as JSON Schema. Stored values are validated both
 * when written and when read, so storing a value as JSON must not change it.
 */
function findStorageIssues(what: string, schema: Schema): readonly string[] {
  return issueOf(() => toJsonSchema(schema, 'input')).map(
    (issue) =>
      `${what} cannot be stored as JSON: ${issue}. Use a string for values that JSON cannot represent, such as z.iso.datetime() for a Date`,
  )
}

function issueOf(check: () => unknown): readonly string[] {
  try {
    check()
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

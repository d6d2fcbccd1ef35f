import { randomUUIDv7 } from 'node:crypto'
import { toMilliseconds } from '../kernel/duration.ts'
import type { EnqueueOptions } from '../kernel/effects.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { JobType } from '../kernel/job-type.ts'
import { pathOf, type SchemaIssue, toPointer, validate } from '../kernel/schema.ts'

/** A job as it is inserted. */
export interface JobRow {
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly priority: number
  /** When it may run: milliseconds from now on, or since the Unix epoch; neither: at once. */
  readonly delayMs?: number
  readonly atMs?: number
  readonly uniqueKey?: string
  readonly limitKey?: string
  readonly rateKey?: string
  readonly traceparent?: string
}

const longestUnique = 255
const highestPriority = 1_000

/**
 * Makes the row of a job that is enqueued; at once where the schema of its input is synchronous.
 *
 * @throws HoldfastError `job-input-invalid`, or `job-options-invalid`.
 */
export function toJobRow(job: JobType, input: unknown, options: EnqueueOptions): JobRow | Promise<JobRow> {
  checkOptions(job, options)
  const result = validate(job.input, input)
  const make = ({
    issues,
    ...valid
  }: {
    issues?: readonly SchemaIssue[] | undefined
    value?: unknown
  }): JobRow => {
    if (issues) throw inputInvalid(job, issues)
    return {
      id: randomUUIDv7(),
      name: job.name,
      input,
      priority: options.priority ?? job.priority,
      ...(options.delay === undefined ? {} : { delayMs: toMilliseconds(options.delay) }),
      ...(options.at === undefined ? {} : { atMs: options.at.getTime() }),
      ...(options.unique === undefined ? {} : { uniqueKey: options.unique }),
      ...(options.traceparent === undefined ? {} : { traceparent: options.traceparent }),
      ...keysOf(job, valid.value),
    }
  }
  return result instanceof Promise ? result.then(make) : make(result)
}

function keysOf({ concurrency, rate }: JobType, input: unknown): Pick<JobRow, 'limitKey' | 'rateKey'> {
  return {
    ...(concurrency ? { limitKey: concurrency.key?.(input as never) ?? '' } : {}),
    ...(rate ? { rateKey: rate.key?.(input as never) ?? '' } : {}),
  }
}

function checkOptions(job: JobType, { delay, at, unique, priority }: EnqueueOptions): void {
  if (delay !== undefined && at !== undefined)
    throw optionsInvalid(job, 'has both a delay and a time; give one')
  if (at !== undefined && Number.isNaN(at.getTime())) throw optionsInvalid(job, 'has a time that is none')
  if (unique !== undefined && (unique === '' || unique.length > longestUnique))
    throw optionsInvalid(
      job,
      `has a unique key of ${unique.length} characters; give it 1 to ${longestUnique}`,
    )
  if (priority !== undefined && !isPriority(priority))
    throw optionsInvalid(job, `has the priority ${priority}; give it a whole number from -1000 to 1000`)
}

function isPriority(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= highestPriority
}

function optionsInvalid(job: JobType, what: string): HoldfastError {
  return new HoldfastError(
    'job-options-invalid',
    `The job "${job.name}" (${job.place}) that is enqueued ${what}.`,
  )
}

function inputInvalid(job: JobType, issues: readonly SchemaIssue[]): HoldfastError {
  const list = issues.slice(0, 5).map((issue) => `${toPointer(pathOf(issue))}: ${issue.message}`)
  return new HoldfastError(
    'job-input-invalid',
    `The input of the job "${job.name}" (${job.place}) is not what it declares: ${list.join('; ')}.`,
  )
}

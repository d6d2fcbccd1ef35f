import { toMilliseconds } from '../../../kernel/base/duration.ts'
import type { EnqueueOptions } from '../../../kernel/background/effects.ts'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { toJsonText } from '../../../kernel/base/json-text.ts'
import { isStorableText } from '../../../kernel/base/storable-text.ts'
import type { JobType } from '../../../kernel/background/job-type.ts'
import { summarizeIssues } from '../../../kernel/schema/schema.ts'
import { type StoredInput, storedInputOf } from '../../../kernel/schema/stored-input.ts'
import { uuidv7 } from '../../../kernel/base/uuid-v7.ts'
import { toSubjects } from '../../../kernel/background/subject.ts'
import { andThen } from '../../../kernel/base/thenable.ts'

/** A job to insert. */
export interface JobRow {
  readonly id: string
  readonly name: string
  /** Input as JSON. Stored as `json`, not `jsonb`, which rejects some texts that JSON allows. */
  readonly input: string
  readonly priority: number
  /**
   * The time at which the job is due: in milliseconds from now (`delayMs`), or since the Unix epoch
   * (`atMs`). Default: immediately.
   */
  readonly delayMs?: number
  readonly atMs?: number
  readonly uniqueKey?: string
  readonly uniqueUntil?: 'started' | 'ended'
  readonly limitKey?: string
  readonly rateKey?: string
  readonly shareKey?: string
  readonly traceparent?: string
  /** The tenant that the job runs as. Default: the tenant of the transaction that enqueues it. */
  readonly tenant?: string
  readonly subjects?: readonly string[]
}

// Longer keys may not fit in an index entry.
const maxKeyLength = 255
const highestPriority = 1_000

/**
 * Returns the row of a job to enqueue. Returns a promise only if the input schema is asynchronous.
 *
 * @throws HoldfastError `job-input-invalid`, or `job-options-invalid`.
 */
export function toJobRow(job: JobType, input: unknown, options: EnqueueOptions): JobRow | Promise<JobRow> {
  checkOptions(job, options)
  return andThen(storedInputOf(job.input)(input), (read) => rowOf(job, read, options))
}

function rowOf(job: JobType, read: StoredInput, options: EnqueueOptions): JobRow {
  if (read.issues) throw inputInvalid(job, `does not match its schema: ${summarizeIssues(read.issues)}`)
  return {
    id: uuidv7(),
    name: job.name,
    input: toJsonText(read.stored, (what, cause) => inputInvalid(job, what, cause)),
    priority: options.priority ?? job.priority,
    ...(options.delay === undefined
      ? {}
      : { delayMs: toMilliseconds(options.delay, { option: `delay of the job ${job.name}` }) }),
    ...(options.at === undefined ? {} : { atMs: options.at.getTime() }),
    ...uniqueOf(options),
    ...(options.traceparent === undefined ? {} : { traceparent: options.traceparent }),
    ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
    ...keysOf(job, read.value),
    ...subjectsOf(job, read.value, options),
  }
}

function subjectsOf(
  job: JobType,
  input: unknown,
  { subjects: given }: EnqueueOptions,
): Pick<JobRow, 'subjects'> | undefined {
  const declared = job.subjectsOf?.(input as never)
  if (declared === undefined && given === undefined) return undefined
  const subjects = toSubjects(
    [...[declared ?? []].flat(), ...[given ?? []].flat()],
    `The job "${job.name}" (${job.definedAt})`,
  )
  return { subjects }
}

function uniqueOf({ unique }: EnqueueOptions): Pick<JobRow, 'uniqueKey' | 'uniqueUntil'> {
  if (unique === undefined) return {}
  if (typeof unique === 'string') return { uniqueKey: unique, uniqueUntil: 'started' }
  return { uniqueKey: unique.key, uniqueUntil: unique.until ?? 'started' }
}

function keysOf(job: JobType, input: unknown): Pick<JobRow, 'limitKey' | 'rateKey' | 'shareKey'> {
  const { concurrency, rate, slots } = job
  const shareKey = slots?.shareOf?.(input as never)
  const keyOf = (limit: 'concurrency' | 'rate'): string => {
    const key = job[limit]?.key?.(input as never) ?? ''
    checkKey(job, `${limit} key`, key)
    return key
  }
  return {
    ...(concurrency ? { limitKey: keyOf('concurrency') } : {}),
    ...(rate ? { rateKey: keyOf('rate') } : {}),
    ...(shareKey === undefined ? {} : { shareKey }),
  }
}

function checkKey(job: JobType, what: string, key: string): void {
  if (key.length > maxKeyLength)
    throw optionsInvalid(
      job,
      `has a ${what} of ${key.length} characters; the max is ${maxKeyLength}, so shorten or hash it`,
    )
  if (!isStorableText(key))
    throw optionsInvalid(job, `has a ${what} with U+0000 or an unpaired surrogate, which cannot be stored`)
}

function checkOptions(job: JobType, { delay, at, unique, priority }: EnqueueOptions): void {
  if (delay !== undefined && at !== undefined)
    throw optionsInvalid(job, 'has both a delay and a time; pass only one')
  if (at !== undefined && Number.isNaN(at.getTime())) throw optionsInvalid(job, 'has an invalid date')
  const key = typeof unique === 'object' ? unique.key : unique
  if (key === '') throw optionsInvalid(job, 'has an empty unique key; pass a key with at least one character')
  if (key !== undefined) checkKey(job, 'unique key', key)
  if (priority !== undefined && !isPriority(priority))
    throw optionsInvalid(job, `has the priority ${priority}; it must be an integer from -1000 to 1000`)
}

function isPriority(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= highestPriority
}

function optionsInvalid(job: JobType, what: string): HoldfastError {
  return new HoldfastError(
    'job-options-invalid',
    `The enqueued job "${job.name}" (${job.definedAt}) ${what}.`,
  )
}

function inputInvalid(job: JobType, what: string, cause?: unknown): HoldfastError {
  return new HoldfastError(
    'job-input-invalid',
    `The input of the job "${job.name}" (${job.definedAt}) ${what}.`,
    { cause },
  )
}

import type { Json } from '../../../kernel/base/json.ts'
import type { JobState } from '../states.ts'

/** The last failure of a job. */
export interface JobFailure {
  /** The name of the error. */
  readonly name: string
  readonly message: string
  readonly code?: string
  /** The number of the attempt, starting at 1. */
  readonly attempt: number
  /** The time of the failure, in ISO 8601. */
  readonly at: string
}

/** A job in a list. */
export interface ListedJob {
  readonly id: string
  readonly service: string
  readonly name: string
  /** The tenant that the job runs as; `null` for no tenant. */
  readonly tenant: string | null
  readonly state: JobState
  readonly priority: number
  /**
   * The time at which the job is or was due; `null` if the job waits for a message without a
   * timeout.
   */
  readonly runAt: Date | null
  /** Number of times that workers have claimed the job. */
  readonly claims: number
  /** The number of failed attempts. */
  readonly failures: number
  readonly failure: JobFailure | null
  /** True if the job was cancelled. If it is running, its signal is aborted. */
  readonly isCancelled: boolean
  readonly enqueuedAt: Date
  /**
   * The time at which a worker last claimed the job. The attempt starts at most about half a second
   * later.
   */
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** A step of a job. */
export interface StoredStep {
  readonly name: string
  readonly isDone: boolean
  readonly result: Json
  /**
   * The time at which the step's sleep or wait ends; `null` if the step does not sleep or wait, or
   * waits without a timeout.
   */
  readonly wakesAt: Date | null
  /** The message that the step waits for. */
  readonly awaits: { readonly event: string; readonly key: string } | null
  readonly createdAt: Date
}

/** The process that runs a job. */
export interface JobWorker {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** The time of the last heartbeat. */
  readonly lastSeenAt: Date
}

/** A job in full. */
export interface StoredJob extends ListedJob {
  readonly input: Json
  readonly progress: Json
  readonly uniqueKey: string | null
  /** The key of the job's concurrency limit, and whether the job holds one of its slots. */
  readonly limitKey: string | null
  readonly hasSlot: boolean
  /** The key of the job's rate limit. */
  readonly rateKey: string | null
  readonly worker: JobWorker | null
  /** The trace that the job belongs to, as a W3C Trace Context `traceparent`. */
  readonly traceparent: string | null
  /** The time at which the job is deleted; `null` if the job has not ended. */
  readonly expiresAt: Date | null
  /** The steps, in the order in which they started. */
  readonly steps: readonly StoredStep[]
}

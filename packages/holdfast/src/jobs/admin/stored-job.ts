import type { Json } from '../../kernel/json.ts'

/** The states of jobs. The last three have ended. */
export const jobStates = [
  'scheduled',
  'gated',
  'parked',
  'ready',
  'waiting',
  'running',
  'succeeded',
  'dead',
  'cancelled',
] as const

/**
 * Where a job stands. `scheduled`: not before its time. `gated`: until its limits let it through. `parked`: behind others of its concurrency
 * key. `ready`: as soon as a worker has room. `waiting`: for a message. `dead`: tried for the last time.
 */
export type JobState = (typeof jobStates)[number]

/** The last failure of a job. */
export interface JobFailure {
  /** That of the error. */
  readonly name: string
  readonly message: string
  readonly code?: string
  /** Which try it was, from 1. */
  readonly attempt: number
  /** In ISO 8601. */
  readonly at: string
}

/** A job in a list. */
export interface ListedJob {
  readonly id: string
  readonly service: string
  readonly name: string
  readonly state: JobState
  readonly priority: number
  /** When it may run, or might have; `null` where only a message has it go on. */
  readonly runAt: Date | null
  /** The number of times that a worker has claimed it. */
  readonly claims: number
  /** The number of attempts that have failed. */
  readonly failures: number
  readonly failure: JobFailure | null
  /** Whether it has been cancelled: the signal of one that runs is aborted. */
  readonly isCancelled: boolean
  readonly enqueuedAt: Date
  /** When a worker last claimed it, at most about half a second before its attempt began. */
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** A step of a job. */
export interface StoredStep {
  readonly name: string
  readonly isDone: boolean
  readonly result: Json
  /** Until when it sleeps or waits; `null` where it does neither, or without end. */
  readonly wakesAt: Date | null
  /** The message that it waits for. */
  readonly awaits: { readonly event: string; readonly key: string } | null
  readonly createdAt: Date
}

/** The process that runs a job. */
export interface JobWorker {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** When it has last been heard of. */
  readonly beatAt: Date
}

/** All that is known of a job. */
export interface StoredJob extends ListedJob {
  readonly input: Json
  readonly progress: Json
  readonly uniqueKey: string | null
  /** What its concurrency limit is for, and whether it has a place. */
  readonly limitKey: string | null
  readonly hasPlace: boolean
  /** What its rate limit is for. */
  readonly rateKey: string | null
  readonly worker: JobWorker | null
  /** The trace that it belongs to, as W3C Trace Context spells it. */
  readonly traceparent: string | null
  /** When it is deleted; `null` where it has not ended. */
  readonly expiresAt: Date | null
  /** In the order in which they began. */
  readonly steps: readonly StoredStep[]
}

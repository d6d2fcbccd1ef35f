/*
 * The life of a job: a row in holdfast.jobs until it ends, then a row in holdfast.ended_jobs.
 *
 *   scheduled, waiting ──due──▶ limited ──admitted──▶ ready ──claimed──▶ running ──▶ succeeded,
 *        ▲                      │   │                 ▲   ▲                │  │      dead or
 *        │◀───── rate turn ─────┘   └──▶ blocked ─────┘   └── released, ───┘  │      cancelled
 *        │                             slot passed on         rescued         │
 *        └──────────── retry, snooze, sleep; a wait for a message ────────────┘
 *
 * A job without limits skips `limited`. Each transition is one statement (queries/):
 *
 *   from                 to                 when                               statement
 *   (enqueued)           scheduled          it is delayed                      insertJobs
 *   (enqueued)           limited or ready   it is due                          insertJobs
 *   scheduled, waiting   limited or ready   it is due, or its message came     promoteDue
 *   limited              ready              its limits admit it                admit
 *   limited              blocked            its concurrency key has no slot    admit
 *   limited              scheduled          its rate turn comes later          admit
 *   blocked              ready              a slot of its key becomes free     releaseSlot
 *   ready                running            a worker claims it                 claimJobs
 *   running              ready              it is released before it starts      releaseClaims
 *   running              ready              the reply to its claim was lost    releaseUnknownClaims
 *   running              ready              its worker stops, or has died      endAttempt
 *   running              scheduled          it failed, snoozes or sleeps       endAttempt
 *   running              waiting            it waits for a message             endAttempt
 *   running              succeeded          with its transaction               succeedFenced
 *   running              succeeded          it used no transaction             completeJobs
 *   running              dead               its last attempt failed            endAttempt
 *   running              cancelled          it was cancelled while it ran      endAttempt
 *   any other            cancelled          it is cancelled                    cancelJob
 *   dead                 limited or ready   it is redriven                     redriveDead
 *   dead, scheduled      limited or ready   it is retried                      retryJobNow
 *   limited, ready, …    waiting            another job engine takes it        handOver
 *
 * Invariants:
 * - A job is in one of the two tables: the statement that ends it moves it (queries/archive.ts).
 * - Only a claim makes a job run, and it increments `claim`, the fencing token. Every change by the
 *   worker names the job and its claim, and changes nothing if the job has another claim.
 * - The effects of an attempt and the end of its job are one commit.
 * - Cancelling a job ends it immediately, unless it runs. A running job is aborted by its worker.
 *
 * docs/internals/job.md argues why a job is neither lost nor doubled.
 */

/** All job states. A job in one of the last three has ended. */
export const jobStates = [
  'scheduled',
  'limited',
  'blocked',
  'ready',
  'waiting',
  'running',
  'succeeded',
  'dead',
  'cancelled',
] as const

/**
 * The state of a job:
 * - `scheduled`: not due yet: delayed, sleeping, or between two attempts.
 * - `limited`: due, but not admitted by its limits yet.
 * - `blocked`: waits for a slot of its concurrency key.
 * - `ready`: starts as soon as a worker has a free slot.
 * - `waiting`: waits for a message, or was handed over to another job engine.
 * - `running`: claimed by a worker.
 * - `succeeded`, `cancelled`: ended.
 * - `dead`: ended; its last attempt failed.
 */
export type JobState = (typeof jobStates)[number]

/** SQL conditions for a due job. */
export interface MissingPermits {
  /** The job needs a slot of its concurrency key, but has none. */
  readonly slot: string
  /** The job has a rate limit, but has not got a turn (a time to run) from it yet. */
  readonly turn: string
}

/** The conditions on a row of `holdfast.jobs`. */
export const missingPermits: MissingPermits = {
  slot: 'limit_key is not null and not has_slot',
  turn: 'rate_key is not null and not rate_reserved',
}

/**
 * Returns the last branches of a SQL `case` that determines the state of a due job: `limited` if
 * its limits must admit it first, otherwise `ready`.
 */
export function limitedOrReady({ slot, turn }: MissingPermits): string {
  return `when (${slot}) or (${turn}) then 'limited' else 'ready'`
}

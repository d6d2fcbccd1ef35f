import type { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Job } from '../../../kernel/background/job.ts'
import { toLogFields } from '../../../kernel/base/log.ts'
import { settlesWithin } from '../../../kernel/base/wait.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { claimKey } from '../claim/claim-of.ts'
import type { ClaimedRow } from '../queries/claim.ts'
import { workerStopping } from './abort-reasons.ts'
import type { AttemptOutcome } from './attempt-outcome.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { type JobsObserver, observeJobs } from './observe-jobs.ts'
import { type AttemptHost, openAttempt } from './open-attempt.ts'

/*
 * The attempts that run in a process, for any job engine. Each attempt passes through these stages:
 *
 *   open ─────────▶ its scope: deadline, span, log (open-attempt.ts)
 *   read input ───▶ validated by the current schema ┐
 *   run ──────────▶ the handler, with its context   ├ run-handler.ts
 *   settle ───────▶ steps still running             ┘
 *   end ──────────▶ success, failure or suspension, stored by the engine (run-attempt.ts for
 *                   Postgres, brokers/bullmq/run-job.ts for BullMQ)
 *   report ───────▶ metrics, span, log; the engine frees the slot
 *
 * Invariants:
 * - An attempt is identified by its job and claim: a process may have two claims of one job.
 * - An attempt stays in the list until its outcome is stored or dropped, even if it is aborted.
 * - When the worker stops, attempts get a grace period. Then they are aborted, and get some time to
 *   store their outcomes. Other workers rescue the jobs whose outcomes are not stored by then.
 */

/** Dependencies of {@link AttemptRunner}. */
export interface AttemptRunnerParts extends Omit<AttemptHost, 'pool' | 'closing'> {
  /** Called after an attempt has ended. */
  readonly onEnded?: (ended: EndedAttempt) => void
}

/** An ended attempt. */
export interface EndedAttempt {
  readonly job: Job
  readonly row: ClaimedRow
  readonly outcome: AttemptOutcome
  readonly durationMs: number
}

/** A claimed job, and the pool for its transaction. */
export interface JobToRun {
  readonly job: Job
  readonly row: ClaimedRow
  readonly pool: Pool
}

// Min time for storing outcomes, which takes a round trip. Attempts get this time even after the
// grace period.
const minReportMs = 1_000

interface RunningAttempt {
  readonly scope: AttemptScope
  readonly ended: Promise<void>
}

/** Runs the attempts of a process and stops them with a grace period. */
export class AttemptRunner {
  readonly #host: Omit<AttemptHost, 'pool'>
  readonly #onEnded: ((ended: EndedAttempt) => void) | undefined
  readonly #observer: JobsObserver
  readonly #closing = new AbortController()
  readonly #running = new Map<string, RunningAttempt>()
  readonly #released: string[] = []

  constructor({ onEnded, ...host }: AttemptRunnerParts) {
    this.#host = { ...host, closing: this.#closing.signal }
    this.#onEnded = onEnded
    this.#observer = observeJobs(host.telemetry, () => this.#running.size)
  }

  /** The number of running attempts. */
  get size(): number {
    return this.#running.size
  }

  /** The scopes of the running attempts. */
  get scopes(): readonly AttemptScope[] {
    return [...this.#running.values()].map(({ scope }) => scope)
  }

  /** The ids of the jobs released for other workers to run. */
  get released(): readonly string[] {
    return this.#released
  }

  /** Aborts the storing of outcomes: those not stored by then are dropped. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /**
   * Runs an attempt: `run` runs the job in the opened scope and stores the outcome. Resolves when
   * the attempt has ended; never rejects.
   */
  run({ job, row, pool }: JobToRun, run: (scope: AttemptScope) => Promise<AttemptOutcome>): Promise<void> {
    const scope = openAttempt(job, row, { ...this.#host, pool })
    this.#observer.began(row.name, row.age_ms / 1_000)
    const startedMs = performance.now()
    const ended = this.#host.telemetry
      .within(scope.work.span, () => run(scope))
      .catch((error: unknown) => this.#lose(error, scope))
      .then((outcome) => this.#end(scope, outcome, performance.now() - startedMs))
    this.#running.set(claimKey(row), { scope, ended })
    return ended
  }

  #lose(error: unknown, { row }: AttemptScope): AttemptOutcome {
    this.#host.log.error(
      { error: toLogFields(error), job: row.name, jobId: row.id },
      'could not store the outcome of an attempt',
    )
    return 'lost'
  }

  #end({ job, row, work, deadline, log }: AttemptScope, outcome: AttemptOutcome, durationMs: number): void {
    this.#observer.ended(row.name, outcome, durationMs / 1_000)
    if (outcome === 'released') this.#released.push(row.id)
    log.debug({ outcome, statements: work.usage.statements }, `job ${outcome}`)
    deadline.end()
    work.span.set('holdfast.outcome', outcome)
    work.span.end()
    this.#running.delete(claimKey(row))
    this.#onEnded?.({ job, row, outcome, durationMs })
  }

  /** Aborts the attempts with these keys; by default all. */
  cancel(reason: HoldfastError, keys: Iterable<string> = this.#running.keys()): void {
    for (const key of keys) this.#running.get(key)?.scope.deadline.cancel(reason)
  }

  /**
   * Waits up to `graceMs` for the running attempts, then aborts the remaining ones. Their outcomes
   * can be stored during the rest of the grace period, or for a second if that is longer. After
   * that, they are dropped.
   */
  async stop(graceMs: number): Promise<void> {
    const endMs = performance.now() + graceMs
    await this.#allEnd(graceMs)
    this.cancel(workerStopping)
    await this.#allEnd(Math.max(minReportMs, endMs - performance.now()))
    this.#closing.abort()
  }

  /** Resolves when all attempts have ended, or after `limitMs`. */
  async #allEnd(limitMs: number): Promise<void> {
    const all = Promise.all([...this.#running.values()].map(({ ended }) => ended))
    await settlesWithin(all, Math.max(0, limitMs))
  }

  /** Ends the metrics of running jobs. */
  close(): void {
    this.#observer.forget()
  }
}

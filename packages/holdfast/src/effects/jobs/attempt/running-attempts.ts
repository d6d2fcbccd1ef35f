import type { Clock } from '../../../kernel/base/clock.ts'
import { toMilliseconds } from '../../../kernel/base/duration.ts'
import type { ExternalCallWatch } from '../../../kernel/host/external-calls.ts'
import type { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Job } from '../../../kernel/background/job.ts'
import { toLogFields, type Logger } from '../../../kernel/base/log.ts'
import type { Telemetry } from '../../../kernel/telemetry/telemetry.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import type {
  BoundTransaction,
  HandlerSession,
} from '../../../storage/postgres/transaction/handler-session.ts'
import { allSettledWithin } from './all-settled-within.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { BegunMarks } from '../claim/begun-marks.ts'
import { claimKey, type ClaimOf } from '../claim/claim-of.ts'
import { Completer } from './completer.ts'
import { LongestTimeout } from './longest-timeout.ts'
import { type JobsObserver, observeJobs } from './observe-jobs.ts'
import { type AttemptHost, openAttempt } from './open-attempt.ts'
import { ProgressKeeper } from './progress-keeper.ts'
import type { ClaimedRow } from '../queries/claim.ts'
import { type AttemptOutcome, type AttemptParts, isMarkedFirst, runAttempt } from './run-attempt.ts'

/** Dependencies of {@link RunningAttempts}. */
export interface RunningAttemptsParts {
  readonly service: string
  readonly jobs: ReadonlyMap<string, Job>
  readonly settings: unknown
  /** Returns the pool for a job's transactions. */
  readonly poolOf: (job: Job) => Pool
  /** Connections for the worker's own statements. */
  readonly control: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly clock: Clock
  readonly log: Logger
  readonly telemetry: Telemetry
  /** Detects external calls that jobs make in a transaction. */
  readonly externalCalls: ExternalCallWatch
  /** Returns whether this process still holds its lease, as far as it knows. */
  readonly holdsLease: () => boolean
  /**
   * Called with the longest timeout of the running attempts, in milliseconds, when an attempt
   * starts or ends.
   */
  readonly onLongestTimeout: (timeoutMs: number) => void
  /** Called after an attempt has ended. */
  readonly onEnded: (ended: EndedAttempt) => void
}

/** An attempt that has ended. */
export interface EndedAttempt {
  readonly row: ClaimedRow
  readonly outcome: AttemptOutcome
  readonly durationMs: number
}

interface Running {
  readonly scope: AttemptScope
  readonly ended: Promise<void>
}

/** The running attempts of a process, by claim. */
export class RunningAttempts {
  readonly #parts: RunningAttemptsParts
  readonly #attemptHost: Omit<AttemptHost, 'pool'>
  readonly #attemptParts: AttemptParts
  readonly #progress: ProgressKeeper
  readonly #marks: BegunMarks
  readonly #observer: JobsObserver
  readonly #closing = new AbortController()
  readonly #running = new Map<string, Running>()
  readonly #released: string[] = []
  readonly #timeouts = new LongestTimeout()

  constructor(parts: RunningAttemptsParts) {
    const { service, settings, control, bind, clock, log, telemetry, externalCalls, holdsLease } = parts
    const closing = this.#closing.signal
    const completer = new Completer(control, log, closing)
    const progress = new ProgressKeeper(control, clock, log)
    const marks = new BegunMarks(control, log)
    this.#parts = parts
    this.#marks = marks
    this.#progress = progress
    this.#observer = observeJobs(telemetry, () => this.#running.size)
    this.#attemptHost = {
      service,
      control,
      bind,
      clock,
      log,
      telemetry,
      externalCalls,
      closing,
      holdsLease,
    }
    this.#attemptParts = {
      settings,
      markBegun: (claim) => marks.now(claim),
      complete: (completion) => completer.complete(completion),
      keepProgress: ({ row }, value) => progress.keep({ id: row.id, claim: row.claim, value }),
    }
  }

  /** The number of running attempts. */
  get size(): number {
    return this.#running.size
  }

  /** The claims of the running attempts. */
  get claims(): readonly ClaimOf[] {
    return [...this.#running.values()].map(({ scope }) => scope.row)
  }

  /** The ids of the jobs that were released for other workers to run. */
  get released(): readonly string[] {
    return this.#released
  }

  /** Starts the attempt of a claimed job. */
  begin(row: ClaimedRow): void {
    const { jobs, telemetry, log } = this.#parts
    const job = jobs.get(row.name)!
    const scope = openAttempt(job, row, { ...this.#attemptHost, pool: this.#parts.poolOf(job) })
    // Before the handler runs, which may block the event loop from its first line on.
    this.#timeouts.add(toMilliseconds(job.deadline))
    this.#parts.onLongestTimeout(this.#timeouts.ms)
    this.#observer.began(row.name, row.age_ms / 1_000)
    if (!isMarkedFirst(scope)) this.#marks.later(row)
    const startedMs = performance.now()
    const ended = telemetry
      .within(scope.work.span, () => runAttempt(scope, this.#attemptParts))
      .catch((error: unknown): AttemptOutcome => {
        log.error(
          { error: toLogFields(error), job: row.name, jobId: row.id },
          'recording the outcome of an attempt failed',
        )
        return 'lost'
      })
      .then((outcome) => this.#end(scope, outcome, performance.now() - startedMs))
    this.#running.set(claimKey(row), { scope, ended })
  }

  #end({ job, row, work, deadline, log }: AttemptScope, outcome: AttemptOutcome, durationMs: number): void {
    this.#observer.ended(row.name, outcome, durationMs / 1_000)
    if (outcome === 'released') this.#released.push(row.id)
    log.debug({ outcome, statements: work.usage.statements }, `job ${outcome}`)
    deadline.end()
    work.span.set('holdfast.outcome', outcome)
    work.span.end()
    this.#marks.ended(row)
    this.#running.delete(claimKey(row))
    this.#timeouts.remove(toMilliseconds(job.deadline))
    this.#parts.onLongestTimeout(this.#timeouts.ms)
    this.#parts.onEnded({ row, outcome, durationMs })
  }

  /** Reports that the event loop was blocked while attempts ran: one of them was computing. */
  reportLoopDelay(delayMs: number): void {
    const scopes = [...this.#running.values()].map(({ scope }) => scope)
    if (scopes.length === 0) return
    for (const { work } of scopes) work.span.set('holdfast.loop_delay', delayMs / 1_000)
    this.#parts.log.warn(
      { delayMs: Math.round(delayMs), jobs: [...new Set(scopes.map(({ row }) => row.name))] },
      'event loop blocked while jobs were running: all other work of this process was delayed',
    )
  }

  /** Aborts the attempts with these keys. Default: all. */
  cancel(reason: HoldfastError, keys: Iterable<string> = this.#running.keys()): void {
    for (const key of keys) this.#running.get(key)?.scope.deadline.cancel(reason)
  }

  /** Resolves when all attempts have ended, or after `limitMs`. */
  ended(limitMs: number): Promise<void> {
    return allSettledWithin(this.#running.values(), limitMs)
  }

  /** Drops outcomes that are not stored yet; other workers rescue these jobs. */
  giveUp(): void {
    this.#closing.abort()
  }

  /** Stores the reported progress, and stops. */
  async close(): Promise<void> {
    this.#marks.close()
    await this.#progress.flush().catch((error: unknown) => {
      this.#parts.log.debug({ error: toLogFields(error) }, 'storing the progress of jobs failed')
    })
    this.#observer.forget()
  }
}

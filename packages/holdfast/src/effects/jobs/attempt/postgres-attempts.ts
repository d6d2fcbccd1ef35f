import { toMilliseconds } from '../../../kernel/base/duration.ts'
import type { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { Job } from '../../../kernel/background/job.ts'
import { toLogFields } from '../../../kernel/base/log.ts'
import type { Pool } from '../../../storage/postgres/pool/pool.ts'
import { BegunMarks } from '../claim/begun-marks.ts'
import type { ClaimOf } from '../claim/claim-of.ts'
import type { ClaimedRow } from '../queries/claim.ts'
import type { AttemptOutcome } from './attempt-outcome.ts'
import { AttemptRunner, type AttemptRunnerParts, type EndedAttempt } from './attempt-runner.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { Completer } from './completer.ts'
import { LongestTimeout } from './longest-timeout.ts'
import { ProgressKeeper } from './progress-keeper.ts'
import { isMarkedFirst, runAttempt } from './run-attempt.ts'

/** Dependencies of {@link PostgresAttempts}. */
export interface PostgresAttemptsParts extends AttemptRunnerParts {
  readonly jobs: ReadonlyMap<string, Job>
  readonly settings: unknown
  /** Returns the pool for a job's transactions. */
  readonly poolOf: (job: Job) => Pool
  /**
   * Called with the longest timeout of the running attempts, in milliseconds, when an attempt
   * starts or ends.
   */
  readonly onLongestTimeout: (timeoutMs: number) => void
  /** Called after an attempt has ended. */
  readonly onEnded: (ended: EndedAttempt) => void
}

/**
 * The running attempts of a Postgres worker. In addition to {@link AttemptRunner}, it marks
 * attempts as started, completes jobs in batches, stores progress, and tracks the longest timeout
 * of the running attempts. The heartbeats stop if the event loop is blocked for longer than that
 * timeout.
 */
export class PostgresAttempts {
  readonly #parts: PostgresAttemptsParts
  readonly #runner: AttemptRunner
  readonly #run: (scope: AttemptScope) => Promise<AttemptOutcome>
  readonly #progress: ProgressKeeper
  readonly #marks: BegunMarks
  readonly #timeouts = new LongestTimeout()

  constructor(parts: PostgresAttemptsParts) {
    const { service, control, bind, clock, log, telemetry, externalCalls, holdsLease, settings } = parts
    const host = { service, control, bind, clock, log, telemetry, externalCalls, holdsLease }
    const runner = new AttemptRunner({ ...host, onEnded: (ended) => this.#end(ended) })
    const completer = new Completer(control, log, runner.closing)
    const progress = new ProgressKeeper(control, clock, log)
    const marks = new BegunMarks(control, log)
    const attemptParts = {
      settings,
      markBegun: marks.now,
      complete: completer.complete,
      keepProgress: ({ row }: AttemptScope, value: string) =>
        progress.keep({ id: row.id, claim: row.claim, value }),
    }
    this.#parts = parts
    this.#runner = runner
    this.#run = (scope) => runAttempt(scope, attemptParts)
    this.#progress = progress
    this.#marks = marks
  }

  /** The number of running attempts. */
  get size(): number {
    return this.#runner.size
  }

  /** The claims of the running attempts. */
  get claims(): readonly ClaimOf[] {
    return this.#runner.scopes.map(({ row }) => row)
  }

  /** The ids of the jobs released for other workers to run. */
  get released(): readonly string[] {
    return this.#runner.released
  }

  /** Starts the attempt of a claimed job. */
  begin(row: ClaimedRow): void {
    const { jobs, poolOf, onLongestTimeout } = this.#parts
    const job = jobs.get(row.name)!
    // Called before the handler runs, because the handler may block the event loop from its first
    // line on.
    this.#timeouts.add(toMilliseconds(job.deadline, { option: 'deadline' }))
    onLongestTimeout(this.#timeouts.ms)
    if (!isMarkedFirst({ job, row })) this.#marks.later(row)
    void this.#runner.run({ job, row, pool: poolOf(job) }, this.#run)
  }

  #end(ended: EndedAttempt): void {
    const { onLongestTimeout, onEnded } = this.#parts
    this.#marks.ended(ended.row)
    this.#timeouts.remove(toMilliseconds(ended.job.deadline, { option: 'deadline' }))
    onLongestTimeout(this.#timeouts.ms)
    onEnded(ended)
  }

  /** Reports that the event loop was blocked, probably by one of the running attempts. */
  reportLoopDelay(delayMs: number): void {
    const { scopes } = this.#runner
    if (scopes.length === 0) return
    for (const { work } of scopes) work.span.set('holdfast.loop_delay', delayMs / 1_000)
    this.#parts.log.warn(
      { delayMs: Math.round(delayMs), jobs: [...new Set(scopes.map(({ row }) => row.name))] },
      'event loop blocked while jobs were running: all other work of this process was delayed',
    )
  }

  /** Aborts the attempts with these keys; by default all. */
  cancel(reason: HoldfastError, keys?: Iterable<string>): void {
    this.#runner.cancel(reason, keys)
  }

  /** Stops the running attempts with a grace period, in milliseconds. */
  stop(graceMs: number): Promise<void> {
    return this.#runner.stop(graceMs)
  }

  /** Stores the reported progress, and ends all bookkeeping. */
  async close(): Promise<void> {
    this.#marks.close()
    await this.#progress.flush().catch((error: unknown) => {
      this.#parts.log.debug({ error: toLogFields(error) }, 'could not store the progress of jobs')
    })
    this.#runner.close()
  }
}

import type { Worker } from '../../kernel/background/background.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { claimKey, type ClaimOf } from './claim/claim-of.ts'
import { Claims } from './claim/claims.ts'
import type { HeartbeatTarget } from './heartbeat/heartbeat-connection.ts'
import { type Heartbeat, startHeartbeat } from './heartbeat/heartbeat.ts'
import { jobCancelled, jobLost } from './attempt/abort-reasons.ts'
import { findCancelled } from './queries/claim.ts'
import type { EndedAttempt } from './attempt/attempt-runner.ts'
import { PostgresAttempts, type PostgresAttemptsParts } from './attempt/postgres-attempts.ts'
import type { Rescuer } from './leadership/leader-tasks.ts'
import { pollIntervalMs, pollRetryMs } from './leadership/poll-interval.ts'
import { divideSlots } from './claim/slots.ts'
import { concerns, type Wake } from '../wakes/wake.ts'
import type { Waker } from '../wakes/waker.ts'
import type { WorkerIdentity } from './worker-identity.ts'

/*
 * The worker of a process: claims jobs and runs them.
 *
 *   waker, polls ──▶ Claims ── claim ──▶ backlog ── free slot ──▶ PostgresAttempts ─▶ end
 *                       ▲                   │ too old, stopping         │             │
 *                       │                   └──▶ released               │          onEnded
 *                       └───────────────────────────────────────────────┼─────────────┘
 *   heartbeat ── lease held? ───────────────────────────────────────────┘
 *
 * Each name with dedicated slots has its own `Claims`; all other names share one. The leader of the
 * service runs the tasks that the service needs only once: promotion, limits, rescue
 * (leadership/leader-tasks.ts).
 *
 * Invariants:
 * - At most as many jobs run at once as there are slots. Jobs that are claimed ahead and do not
 *   start soon are released to other workers.
 * - All bookkeeping uses the job and its claim: a worker changes nothing after its job was rescued.
 * - A worker that was declared dead aborts its jobs, and claims no more jobs.
 * - `stop` claims nothing more, and returns after each job has ended, was released, or was
 *   abandoned for others to rescue. A release does not count as an attempt.
 */

/** Dependencies of {@link startWorker}. */
export interface WorkerParts extends Omit<
  PostgresAttemptsParts,
  'onEnded' | 'holdsLease' | 'onLongestTimeout'
> {
  /** Max number of jobs that run at once, not counting jobs with dedicated slots. */
  readonly concurrency: number
  readonly identity: WorkerIdentity
  readonly waker: Waker
  /** Destination of the heartbeats. */
  readonly heartbeatTarget: HeartbeatTarget
  /** Called once, when the worker detects that it was declared dead. */
  readonly onDeclaredDead: () => void
}

// Interval at which jobs that were claimed ahead but not started are released.
const staleCheckMs = 500
const timeoutMs = 5_000

/** A worker in this process, which can rescue the jobs of other workers. */
export interface ProcessWorker extends Worker, Rescuer {}

/** Starts to claim and run jobs. */
export function startWorker(parts: WorkerParts): ProcessWorker {
  return new PostgresWorker(parts)
}

class PostgresWorker implements ProcessWorker {
  readonly #parts: WorkerParts
  readonly #heartbeat: Heartbeat
  readonly #attempts: PostgresAttempts
  readonly #claims: readonly Claims[]
  readonly #claimsByName: ReadonlyMap<string, Claims>
  readonly #polling: RecurringTask
  readonly #cancelling: RecurringTask
  readonly #releasing: RecurringTask
  readonly #unlisten: () => void
  #isStopping = false

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#heartbeat = startHeartbeat({
      worker: parts.identity.id,
      target: parts.heartbeatTarget,
      log: parts.log,
      onDeclaredDead: () => this.#endDead(),
      onLoopDelay: (delayMs) => this.#attempts.reportLoopDelay(delayMs),
    })
    this.#attempts = new PostgresAttempts({
      ...parts,
      onEnded: (ended) => this.#ended(ended),
      holdsLease: () => this.#heartbeat.holdsLease,
      onLongestTimeout: (timeoutMs) => this.#heartbeat.allowSilence(timeoutMs),
    })
    this.#claims = this.#divideClaims()
    this.#claimsByName = new Map(this.#claims.flatMap((claims) => claims.names.map((name) => [name, claims])))
    this.#polling = this.#startTask(
      'polling for jobs failed',
      () => this.#pollMs(),
      () => this.#poll(),
    )
    this.#cancelling = this.#startTask(
      'polling for cancelled jobs failed',
      () => pollIntervalMs(parts.waker),
      () => this.#endCancelled(),
    )
    this.#releasing = this.#startTask(
      'releasing waiting jobs failed',
      () => staleCheckMs,
      () => this.#releaseStale(),
    )
    this.#unlisten = parts.waker.listen({
      wake: (wake) => this.#wake(wake),
      look: () => {
        this.#polling.now()
        this.#cancelling.now()
      },
    })
  }

  get id(): string {
    return this.#parts.identity.id
  }

  get reachableForMs(): number {
    return this.#heartbeat.reachableForMs
  }

  #divideClaims(): readonly Claims[] {
    const { service, jobs, concurrency, control, log } = this.#parts
    return divideSlots(jobs.values(), concurrency).map(
      (slots) =>
        new Claims({
          service,
          worker: this.id,
          slots,
          control,
          attempts: this.#attempts,
          log,
          onFailed: () => this.#polling.now(),
        }),
    )
  }

  #startTask(failure: string, everyMs: () => number, work: () => Promise<undefined>): RecurringTask {
    const { clock, log } = this.#parts
    return startRecurringTask({ failure, clock, log, everyMs, retryMs: pollRetryMs, work })
  }

  #wake(wake: Wake): void {
    if (wake.service !== this.#parts.service) return
    if (wake.kind === 'cancelled') {
      if (this.#claims.some(({ names }) => names.some((name) => concerns(wake, name)))) this.#cancelling.now()
    } else if (wake.kind === 'jobs' || wake.kind === 'returned') {
      for (const claims of this.#claims) {
        if (!claims.names.some((name) => concerns(wake, name))) continue
        if (wake.kind === 'returned') claims.sweepNext()
        claims.claimSoon()
      }
    }
  }

  #ended({ row, outcome, durationMs }: EndedAttempt): void {
    const { waker } = this.#parts
    const claims = this.#claimsByName.get(row.name)!
    claims.ended(row, durationMs)
    // The job may be due again before the leader polls.
    if (outcome === 'failed' || outcome === 'suspended' || outcome === 'snoozed') waker.send('due', [])
    if (outcome === 'released') waker.send('returned', [row.name])
    if (!this.#isStopping) {
      claims.beginNext()
      claims.claimSoon()
    }
    // The slot may have gone to a job that this process cannot run.
    if (row.has_slot && (this.#isStopping || !claims.hasRoom)) waker.send('jobs', [row.name])
  }

  // A claim without a reply may be executed late. The next claim then releases the jobs of that
  // claim.
  #pollMs(): number {
    return this.#claims.some(({ isUnclear }) => isUnclear) ? pollRetryMs : pollIntervalMs(this.#parts.waker)
  }

  async #poll(): Promise<undefined> {
    for (const claims of this.#claims) {
      await claims.claim()
    }
  }

  async #releaseStale(): Promise<undefined> {
    for (const claims of this.#claims) {
      const names = await claims.releaseStale()
      if (names.length > 0) this.#parts.waker.send('returned', names)
    }
  }

  async #endCancelled(): Promise<undefined> {
    if (this.#attempts.size === 0 && this.#claims.every(({ waiting }) => waiting === 0)) return
    const work = limitedWork(timeoutMs)
    const { rows } = await withConnection(this.#parts.control, work, (connection) =>
      connection.run<ClaimOf>(findCancelled(this.id)),
    )
    const keys = new Set(rows.map(claimKey))
    // A cancelled job that has not started is started immediately, and then ends like any other
    // job.
    for (const claims of this.#claims) claims.beginAtOnce(keys)
    this.#attempts.cancel(jobCancelled, keys)
  }

  #endDead(): void {
    this.#parts.log.error(
      { worker: this.id, running: this.#attempts.size },
      'this worker was declared dead; other workers rescue its jobs',
    )
    for (const claims of this.#claims) claims.end()
    this.#attempts.cancel(jobLost)
    this.#parts.onDeclaredDead()
  }

  async stop(limitMs: number): Promise<readonly string[]> {
    const endMs = performance.now() + limitMs
    this.#isStopping = true
    await this.#stopClaiming()
    await this.#attempts.stop(endMs - performance.now())
    await Promise.all([this.#cancelling.stop(), this.#heartbeat.stop()])
    await this.#attempts.close()
    await this.#leave()
    if (this.#attempts.size > 0) this.#parts.waker.send('orphaned', [])
    return this.#attempts.released
  }

  /** Stops claiming, and releases the claimed jobs that have not started. */
  async #stopClaiming(): Promise<void> {
    for (const claims of this.#claims) claims.end()
    this.#unlisten()
    // Jobs of a claim in progress must be released before the connections are closed.
    const closing = this.#claims.map((claims) => claims.close())
    const [, , ...released] = await Promise.all([this.#polling.stop(), this.#releasing.stop(), ...closing])
    if (released.flat().length > 0) this.#parts.waker.send('returned', released.flat())
  }

  async #leave(): Promise<void> {
    const { identity, log } = this.#parts
    await identity.leave().catch((error: unknown) => {
      log.debug({ error: toLogFields(error) }, 'unregistering the worker failed; it will be declared dead')
    })
  }
}

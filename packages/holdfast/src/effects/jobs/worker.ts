import type { Worker } from '../../kernel/background/background.ts'
import { type RecurringTask, startRecurringTask } from '../../kernel/base/recurring-task.ts'
import { toLogFields } from '../../kernel/base/log.ts'
import { systemWork } from '../../kernel/host/work.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { claimKey, type ClaimOf } from './claim/claim-of.ts'
import { Claims } from './claim/claims.ts'
import type { HeartbeatTarget } from './heartbeat/heartbeat-connection.ts'
import { startHeartbeat } from './heartbeat/heartbeat.ts'
import { jobCancelled, jobLost, workerStopping } from './attempt/abort-reasons.ts'
import { findCancelled } from './queries/claim.ts'
import { type EndedAttempt, RunningAttempts, type RunningAttemptsParts } from './attempt/running-attempts.ts'
import type { Rescuer } from './leadership/leader-tasks.ts'
import { pollIntervalMs, pollRetryMs } from './leadership/poll-interval.ts'
import { divideSlots } from './claim/slots.ts'
import { concerns, type Wake } from './enqueue/wake.ts'
import type { Waker } from './enqueue/waker.ts'
import type { WorkerIdentity } from './worker-identity.ts'

/*
 * The worker of a process: claims jobs and runs them.
 *
 *   waker, polls ──▶ Claims ── claim ──▶ backlog ── free slot ──▶ RunningAttempts ──▶ end
 *                       ▲                   │ too old, stopping         │             │
 *                       │                   └──▶ released               │          onEnded
 *                       └───────────────────────────────────────────────┼─────────────┘
 *   heartbeat ── lease held? ───────────────────────────────────────────┘
 *
 * Names with dedicated slots have a `Claims` of their own; all others share one. What the service
 * needs only once (promotion, limits, rescue) is done by its leader (leadership/leader-tasks.ts).
 *
 * Invariants:
 * - At most as many jobs run at once as there are slots. Jobs that are claimed ahead and do not
 *   start soon are released to other workers.
 * - All bookkeeping uses the job and its claim: a worker whose claim was rescued changes nothing.
 * - A worker that was declared dead aborts its jobs and claims no others.
 * - `stop` claims nothing more, and returns after each job has ended, was released, or was
 *   abandoned for others to rescue. A release counts as no attempt.
 */

/** Dependencies of {@link startWorker}. */
export interface WorkerParts extends Omit<
  RunningAttemptsParts,
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

// Interval at which jobs that were claimed ahead and did not start are released.
const staleCheckMs = 500
const timeoutMs = 5_000
// Releasing jobs takes a round trip, which is allowed even after the grace period.
const minReportMs = 1_000

/** A worker of this process. It can rescue the jobs of other workers. */
export interface ProcessWorker extends Worker, Rescuer {}

/** Starts to claim and run jobs. */
export function startWorker(parts: WorkerParts): ProcessWorker {
  const { service, jobs, concurrency, control, identity, waker, clock, log } = parts
  const heartbeat = startHeartbeat({
    worker: identity.id,
    target: parts.heartbeatTarget,
    log,
    onDeclaredDead: endDead,
    onLoopDelay: (delayMs) => attempts.reportLoopDelay(delayMs),
  })
  const attempts = new RunningAttempts({
    ...parts,
    onEnded,
    holdsLease: () => heartbeat.holdsLease,
    onLongestTimeout: (timeoutMs) => heartbeat.allowSilence(timeoutMs),
  })
  const allClaims = divideSlots(jobs.values(), concurrency).map(
    (slots) =>
      new Claims({
        service,
        worker: identity.id,
        slots,
        control,
        attempts,
        log,
        onFailed: () => polling.now(),
      }),
  )
  const claimsByName = new Map(allClaims.flatMap((claims) => claims.names.map((name) => [name, claims])))
  let isStopping = false

  const task = (failure: string, everyMs: () => number, work: () => Promise<undefined>): RecurringTask =>
    startRecurringTask({ failure, clock, log, everyMs, retryMs: pollRetryMs, work })
  // A claim whose reply was lost may be executed late; the next claim releases its jobs.
  const pollMs = (): number =>
    allClaims.some(({ isUnclear }) => isUnclear) ? pollRetryMs : pollIntervalMs(waker)
  const polling = task('polling for jobs failed', pollMs, poll)
  const cancelling = task('polling for cancelled jobs failed', () => pollIntervalMs(waker), endCancelled)
  const releasing = task('releasing waiting jobs failed', () => staleCheckMs, releaseStale)
  const unlisten = waker.listen({
    wake,
    look() {
      polling.now()
      cancelling.now()
    },
  })

  function wake(wake: Wake): void {
    if (wake.service !== service) return
    if (wake.kind === 'cancelled') {
      if (allClaims.some(({ names }) => names.some((name) => concerns(wake, name)))) cancelling.now()
    } else if (wake.kind === 'jobs' || wake.kind === 'returned') {
      for (const claims of allClaims) {
        if (!claims.names.some((name) => concerns(wake, name))) continue
        if (wake.kind === 'returned') claims.sweepNext()
        claims.claimSoon()
      }
    }
  }

  function onEnded({ row, outcome, durationMs }: EndedAttempt): void {
    const claims = claimsByName.get(row.name)!
    claims.ended(row, durationMs)
    // The job may be due again before the leader polls.
    if (outcome === 'failed' || outcome === 'suspended' || outcome === 'snoozed') waker.send('due', [])
    if (outcome === 'released') waker.send('returned', [row.name])
    if (!isStopping) {
      claims.beginNext()
      claims.claimSoon()
    }
    // The slot may have gone to a job that only another process has room for.
    if (row.has_slot && (isStopping || !claims.hasRoom)) waker.send('jobs', [row.name])
  }

  async function poll(): Promise<undefined> {
    for (const claims of allClaims) {
      await claims.claim()
    }
  }

  async function releaseStale(): Promise<undefined> {
    for (const claims of allClaims) {
      const names = await claims.releaseStale()
      if (names.length > 0) waker.send('returned', names)
    }
  }

  async function endCancelled(): Promise<undefined> {
    if (attempts.size === 0 && allClaims.every(({ waiting }) => waiting === 0)) return
    const { rows } = await withConnection(control, systemWork(AbortSignal.timeout(timeoutMs)), (connection) =>
      connection.run<ClaimOf>(findCancelled(identity.id)),
    )
    const keys = new Set(rows.map(claimKey))
    // A cancelled job that has not started is started, and then ends like any other.
    for (const claims of allClaims) claims.beginAtOnce(keys)
    attempts.cancel(jobCancelled, keys)
  }

  function endDead(): void {
    log.error(
      { worker: identity.id, running: attempts.size },
      'this worker was declared dead; its jobs are rescued by others',
    )
    for (const claims of allClaims) claims.end()
    attempts.cancel(jobLost)
    parts.onDeclaredDead()
  }

  return {
    id: identity.id,
    get reachableForMs() {
      return heartbeat.reachableForMs
    },
    async stop(limitMs) {
      isStopping = true
      for (const claims of allClaims) claims.end()
      unlisten()
      const endMs = performance.now() + limitMs
      // Jobs of a claim in progress have to be released before the connections are closed.
      const closing = allClaims.map((claims) => claims.close())
      const [, , ...released] = await Promise.all([polling.stop(), releasing.stop(), ...closing])
      if (released.flat().length > 0) waker.send('returned', released.flat())
      await attempts.ended(endMs - performance.now())
      attempts.cancel(workerStopping)
      await attempts.ended(Math.max(minReportMs, endMs - performance.now()))
      attempts.giveUp()
      await Promise.all([cancelling.stop(), heartbeat.stop()])
      await attempts.close()
      await identity.leave().catch((error: unknown) => {
        log.debug({ error: toLogFields(error) }, 'unregistering the worker failed; it will be declared dead')
      })
      if (attempts.size > 0) waker.send('orphaned', [])
      return attempts.released
    },
  }
}

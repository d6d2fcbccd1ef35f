import type { Worker } from '../kernel/background.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { Job } from '../kernel/job.ts'
import { toLogFields } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { admitJobs } from './admit-jobs.ts'
import { claimKey, type ClaimOf } from './claim-of.ts'
import { Claims } from './claims.ts'
import type { BeatTarget } from './heartbeat/beat-connection.ts'
import { beatMs } from './heartbeat/beat-loop.ts'
import { leaseMs, startHeartbeat } from './heartbeat/heartbeat.ts'
import { jobCancelled, jobLost, workerStopping } from './job-over.ts'
import { findCancelled } from './queries/beat.ts'
import { promoteDue, promotionBatch, type PromotionRow } from './queries/promote-due.ts'
import { type EndedAttempt, RunningAttempts, type RunningAttemptsParts } from './running-attempts.ts'
import { divideSlots } from './slots.ts'
import { takeOver } from './take-over.ts'
import type { Waker } from './waker.ts'
import type { WorkerIdentity } from './worker-identity.ts'

/** What a worker is made with. */
export interface WorkerParts extends Omit<
  RunningAttemptsParts,
  'onEnded' | 'holdsLease' | 'onLongestTimeout'
> {
  /** How many jobs it runs at once, apart from those that have slots of their own. */
  readonly concurrency: number
  readonly identity: WorkerIdentity
  readonly waker: Waker
  /** Where the heartbeats go. */
  readonly beatTarget: BeatTarget
  /** Called once when the worker finds that it has been declared dead. */
  readonly onDeclaredDead: () => void
}

// Waking is what makes a job start at once; this is what makes sure that it starts.
const pollMs = 1_000
const takeOverMs = 2_000
// For those who live to send a heartbeat after an outage.
const reachableMs = beatMs + 1_000
const patienceMs = 5_000
// To hand jobs back takes a round trip; it is granted even where the grace has passed.
const leastReportMs = 1_000
// How many batches of a name pass the gate before somebody else has a turn.
const mostPasses = 5

/** Works on jobs: claims them, runs them, takes over those of others that have died. */
export function startWorker(parts: WorkerParts): Worker {
  const { service, jobs, concurrency, control, identity, waker, clock, log } = parts
  const limited = [...jobs.values()].filter(isLimited)
  const unlimited = [...jobs.values()].filter((job) => !isLimited(job)).map(({ name }) => name)
  const heartbeat = startHeartbeat({
    worker: identity.id,
    target: parts.beatTarget,
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
    (slots) => new Claims({ service, worker: identity.id, slots, control, attempts, log }),
  )
  const claimsByName = new Map(allClaims.flatMap((claims) => claims.names.map((name) => [name, claims])))
  let isStopping = false

  const duty = (failure: string, everyMs: number, work: () => Promise<number | undefined>): Duty =>
    startDuty({ failure, clock, log, everyMs, work })
  const polling = duty('jobs could not be looked for', pollMs, poll)
  const cancelling = duty('cancelled jobs could not be looked for', pollMs, endCancelled)
  const takingOver = duty('the jobs of dead workers could not be looked for', takeOverMs, takeOverOrphans)
  const unlisten = waker.listen((reason) => {
    if (reason === 'cancelled') cancelling.now()
    else if (reason === 'jobs') polling.now()
  })

  function onEnded({ row, outcome, durationMs }: EndedAttempt): void {
    const claims = claimsByName.get(row.name)!
    claims.ended(row, durationMs)
    if (isStopping) return
    claims.beginNext()
    // It may be due again before anybody would look.
    if (outcome === 'failed' || outcome === 'suspended' || outcome === 'snoozed') polling.now()
    else claims.claimSoon()
  }

  async function poll(): Promise<number | undefined> {
    const { rows } = await withConnection(control, ownWork(AbortSignal.timeout(patienceMs)), (connection) =>
      connection.run<PromotionRow>(promoteDue(service, unlimited)),
    )
    const [promotion] = rows
    for (const claims of allClaims) if (await claims.giveBackStale()) waker.wakeJobs()
    let isMore = promotion?.promoted === promotionBatch
    const left = (promotion?.gated ?? []).map((name) => jobs.get(name)!)
    for (const job of [...limited, ...left]) isMore = (await admit(job)) || isMore
    for (const claims of allClaims) await claims.claim()
    if (isMore) return 0
    return promotion?.next_ms ?? undefined
  }

  /** Lets the jobs of a name through its limits, and gives whether there may be more. What fails at one name keeps no other waiting. */
  async function admit(job: Job): Promise<boolean> {
    try {
      let passes = 0
      while (passes < mostPasses && (await admitJobs(control, { service, job }))) passes += 1
      return passes === mostPasses
    } catch (error) {
      log.warn({ error: toLogFields(error), job: job.name }, 'jobs could not be let through their limits')
      return false
    }
  }

  async function endCancelled(): Promise<undefined> {
    if (attempts.size === 0 && allClaims.every(({ waiting }) => waiting === 0)) return
    const { rows } = await withConnection(control, ownWork(AbortSignal.timeout(patienceMs)), (connection) =>
      connection.run<ClaimOf>(findCancelled(identity.id)),
    )
    const keys = new Set(rows.map(claimKey))
    // One that has not begun begins, and ends at once like any other.
    for (const claims of allClaims) claims.beginAtOnce(keys)
    attempts.cancel(jobCancelled, keys)
  }

  function endDead(): void {
    log.error(
      { worker: identity.id, running: attempts.size },
      'this worker was declared dead while it ran: its jobs are lost to others',
    )
    for (const claims of allClaims) claims.end()
    attempts.cancel(jobLost)
    parts.onDeclaredDead()
  }

  async function takeOverOrphans(): Promise<undefined> {
    if (heartbeat.reachableForMs < reachableMs) return
    if ((await takeOver({ service, pool: control, jobs, log, leaseMs, self: identity.id })) > 0) polling.now()
  }

  return {
    async stop(limitMs) {
      isStopping = true
      for (const claims of allClaims) claims.end()
      unlisten()
      const endMs = performance.now() + limitMs
      // What a claim that is under way gets has to be handed back before the connections are closed.
      await Promise.all([polling.stop(), takingOver.stop(), ...allClaims.map((claims) => claims.close())])
      await attempts.ended(endMs - performance.now())
      attempts.cancel(workerStopping)
      await attempts.ended(Math.max(leastReportMs, endMs - performance.now()))
      attempts.giveUp()
      await Promise.all([cancelling.stop(), heartbeat.stop()])
      await attempts.close()
      await identity.leave().catch((error: unknown) => {
        log.debug(
          { error: toLogFields(error) },
          'the worker could not be taken off the list; it is declared dead in a while',
        )
      })
      return attempts.handedBack
    },
  }
}

function isLimited({ concurrency, rate }: Job): boolean {
  return concurrency !== undefined || rate !== undefined
}

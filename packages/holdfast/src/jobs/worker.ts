import type { Worker } from '../kernel/background.ts'
import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { ForeignCallWatch } from '../kernel/foreign-calls.ts'
import type { Job } from '../kernel/job.ts'
import { toLogFields, type Logger } from '../kernel/log.ts'
import type { Telemetry } from '../kernel/telemetry.ts'
import { ownWork } from '../kernel/work.ts'
import type { Connection } from '../postgres/connection.ts'
import type { Pool } from '../postgres/pool.ts'
import type { BoundTransaction, HandlerSession } from '../postgres/transaction-session.ts'
import { allEnded } from './all-ended.ts'
import { admitJobs } from './admit-jobs.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { Backlog } from './backlog.ts'
import { coalesce } from './coalesce.ts'
import { Completer } from './completer.ts'
import { jobCancelled, jobLost, workerStopping } from './job-over.ts'
import { observeJobs } from './observe-jobs.ts'
import { type AttemptSurroundings, openAttempt } from './open-attempt.ts'
import { ProgressKeeper } from './progress-keeper.ts'
import { findCancelled } from './queries/beat.ts'
import { claimJobs, type ClaimedRow } from './queries/claim-jobs.ts'
import { handBack, handBackUnknown } from './queries/hand-back.ts'
import { promoteDue, promotionBatch, type PromotionRow } from './queries/promote-due.ts'
import { type AttemptOutcome, type AttemptParts, runAttempt } from './run-attempt.ts'
import { takeOver } from './take-over.ts'
import type { Waker } from './waker.ts'
import type { WorkerIdentity } from './worker-identity.ts'

/** What a worker is made with. */
export interface WorkerParts {
  readonly jobs: ReadonlyMap<string, Job>
  readonly settings: unknown
  /** How many jobs it runs at once. */
  readonly concurrency: number
  /** The connections of the jobs' transactions. */
  readonly pool: Pool
  /** The connections of the worker's own statements. */
  readonly control: Pool
  readonly bind: (session: HandlerSession) => BoundTransaction
  readonly identity: WorkerIdentity
  readonly waker: Waker
  readonly clock: Clock
  readonly log: Logger
  readonly telemetry: Telemetry
  /** Notices foreign calls of jobs. */
  readonly foreignCalls: ForeignCallWatch
  /** Called once when the worker finds that it has been declared dead. */
  readonly onDeclaredDead: () => void
}

// Waking is what makes a job start at once; this is what makes sure that it starts.
const pollMs = 1_000
const beatMs = 5_000
const silenceMs = 15_000
const takeOverMs = 2_000
const reachableMs = beatMs + 1_000
const patienceMs = 5_000
// To hand jobs back takes a round trip; it is granted even where the grace has passed.
const leastReportMs = 1_000
// How many batches of a name pass the gate before somebody else has a turn.
const mostPasses = 5

interface Running {
  readonly scope: AttemptScope
  readonly ended: Promise<void>
}

/** Works on jobs: claims them, runs them, takes over those of others that have died. */
export function startWorker(parts: WorkerParts): Worker {
  const { jobs, concurrency, control, identity, waker, clock, log, telemetry } = parts
  const names = [...jobs.keys()]
  const limited = [...jobs.values()].filter(({ concurrency: places, rate }) => places ?? rate)
  const running = new Map<string, Running>()
  const backlog = new Backlog(concurrency)
  const handedBack: string[] = []
  const closing = new AbortController()
  const completer = new Completer(control, log, closing.signal)
  const progress = new ProgressKeeper(control, clock, log)
  const observer = observeJobs(telemetry, () => running.size)
  let isStopping = false
  let isDead = false
  /** Whether it is time to look for jobs whose claim was carried out and never answered. */
  let isReckoningDue = false
  /** Since when every beat has reached the database. */
  let reachableSinceMs: number | undefined
  const isOver = (): boolean => isStopping || isDead

  const attemptParts: AttemptParts = {
    settings: parts.settings,
    complete: (completion) => completer.complete(completion),
    keepProgress: ({ row }, value) => progress.keep({ id: row.id, attempt: row.attempt, value }),
  }

  const { pool, bind, foreignCalls } = parts
  const surroundings: AttemptSurroundings = {
    pool,
    control,
    bind,
    foreignCalls,
    clock,
    telemetry,
    log,
    closing: closing.signal,
  }

  /** Claims as many jobs as there is room for, until there is no room or no job. */
  const claim = coalesce(async () => {
    if (isReckoningDue && !isOver()) await giveBackUnknown()
    for (;;) {
      beginNext()
      if (isOver()) return
      const wanted = backlog.wanted(concurrency - running.size)
      if (wanted <= 0) return
      const rows = await withControl((connection) =>
        connection.run<ClaimedRow>(claimJobs(identity.id, names, wanted)),
      )
      backlog.add(rows)
      if (isOver()) await giveBack(backlog.clear())
      beginNext()
      if (rows.length < wanted) return
    }
  })

  function beginNext(): void {
    while (running.size < concurrency && !isOver()) {
      const row = backlog.take()
      if (!row) return
      begin(row)
    }
  }

  async function giveBack(rows: readonly ClaimedRow[]): Promise<void> {
    if (rows.length > 0) await withControl((connection) => connection.run(handBack(rows)))
  }

  /** Nobody else takes what this worker has claimed, so it makes sure that it knows of all of it. Only while no claim is under way. */
  async function giveBackUnknown(): Promise<void> {
    const known = [...running.keys(), ...backlog.ids]
    await withControl((connection) => connection.run(handBackUnknown(identity.id, known)))
    isReckoningDue = false
  }

  async function withControl<Row extends object>(
    run: (connection: Connection) => Promise<{ readonly rows: Row[] }>,
  ): Promise<Row[]> {
    const connection = await control.acquire(ownWork(AbortSignal.timeout(patienceMs)))
    try {
      return (await run(connection)).rows
    } finally {
      connection.release()
    }
  }

  function claimSoon(): void {
    claim().catch((error: unknown) => {
      if (!isStopping) log.debug({ error: toLogFields(error) }, 'jobs could not be claimed')
    })
  }

  /** Resolves when no claim is under way, and none will be. */
  async function lastClaim(): Promise<void> {
    await claim().catch((error: unknown) => {
      log.debug({ error: toLogFields(error) }, 'a claim that was under way at the end has failed')
    })
  }

  function begin(row: ClaimedRow): void {
    const job = jobs.get(row.name)!
    const scope = openAttempt(job, row, surroundings)
    const { deadline } = scope
    const { span } = scope.work
    observer.began(row.name, row.age_ms / 1_000)
    const startedMs = performance.now()
    const ended = telemetry
      .within(span, () => runAttempt(scope, attemptParts))
      .catch((error: unknown): AttemptOutcome => {
        log.error(
          { error: toLogFields(error), job: row.name, jobId: row.id },
          'an attempt could not be ended',
        )
        return 'lost'
      })
      .then((outcome) => {
        const durationMs = performance.now() - startedMs
        backlog.observe(durationMs)
        observer.ended(row.name, outcome, durationMs / 1_000)
        span.set('holdfast.outcome', outcome)
        if (outcome === 'handed-back') handedBack.push(row.id)
        scope.log.debug({ outcome, statements: scope.work.usage.statements }, `job ${outcome}`)
        return outcome
      })
      .then((outcome) => {
        deadline.end()
        span.end()
        running.delete(row.id)
        if (isStopping) return
        beginNext()
        // It may be due again before anybody would look.
        if (outcome === 'failed' || outcome === 'suspended') polling.now()
        else claimSoon()
      })
    running.set(row.id, { scope, ended })
  }

  async function poll(): Promise<number | undefined> {
    const [promotion] = await withControl((connection) => connection.run<PromotionRow>(promoteDue()))
    const stale = backlog.takeStale()
    if (stale.length > 0) {
      await giveBack(stale)
      waker.wakeJobs()
    }
    let isMore = promotion?.promoted === promotionBatch
    for (const job of limited) {
      let passes = 0
      while (passes < mostPasses && (await admitJobs(control, job))) passes += 1
      isMore ||= passes === mostPasses
    }
    isReckoningDue = true
    await claim()
    if (isMore) return 0
    return promotion?.next_ms ?? undefined
  }

  async function endCancelled(): Promise<undefined> {
    if (running.size + backlog.length === 0) return
    const rows = await withControl((connection) => connection.run<{ id: string }>(findCancelled(identity.id)))
    const ids = new Set(rows.map(({ id }) => id))
    // One that has not begun begins, to end at once, like any other.
    for (const row of backlog.takeOut(ids)) begin(row)
    for (const id of ids) running.get(id)?.scope.deadline.cancel(jobCancelled)
    return undefined
  }

  async function sayAlive(): Promise<undefined> {
    if (isDead) return
    const said = await identity.beat().catch((error: unknown) => {
      reachableSinceMs = undefined
      throw error
    })
    reachableSinceMs ??= performance.now()
    if (said) return
    isDead = true
    log.error(
      { worker: identity.id, running: running.size },
      'this worker was declared dead while it ran: its jobs are lost to others',
    )
    for (const { scope } of running.values()) scope.deadline.cancel(jobLost)
    parts.onDeclaredDead()
    return undefined
  }

  const duty = (failure: string, everyMs: number, work: () => Promise<number | undefined>): Duty =>
    startDuty({ failure, clock, log, everyMs, work })
  const polling = duty('jobs could not be looked for', pollMs, poll)
  const cancelling = duty('cancelled jobs could not be looked for', pollMs, endCancelled)
  const beating = duty('the worker could not say that it lives', beatMs, sayAlive)
  const takingOver = duty('the jobs of dead workers could not be looked for', takeOverMs, async () => {
    // After an outage, those who live need a moment to say so.
    if (reachableSinceMs === undefined || performance.now() - reachableSinceMs < reachableMs) return undefined
    if ((await takeOver({ pool: control, jobs, log, silenceMs })) > 0) polling.now()
    return undefined
  })
  const unlisten = waker.listen((reason) => {
    if (reason === 'cancelled') cancelling.now()
    else if (reason === 'jobs') polling.now()
  })

  return {
    async stop(limitMs) {
      isStopping = true
      unlisten()
      const endMs = performance.now() + limitMs
      // What a claim that is under way gets has to be handed back before the connections are closed.
      await Promise.all([polling.stop(), takingOver.stop(), lastClaim()])
      await giveBack(backlog.clear()).catch((error: unknown) => {
        log.warn(
          { error: toLogFields(error) },
          'jobs that had not begun could not be handed back; others take them over in a while',
        )
      })
      await allEnded(running.values(), endMs - performance.now())
      for (const { scope } of running.values()) scope.deadline.cancel(workerStopping)
      await allEnded(running.values(), Math.max(leastReportMs, endMs - performance.now()))
      closing.abort()
      await Promise.all([cancelling.stop(), beating.stop()])
      await progress.flush().catch((error: unknown) => {
        log.debug({ error: toLogFields(error) }, 'the progress of jobs could not be written down')
      })
      observer.forget()
      await identity.leave().catch((error: unknown) => {
        log.debug(
          { error: toLogFields(error) },
          'the worker could not be taken off the list; it is declared dead in a while',
        )
      })
      return handedBack
    },
  }
}

def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s: print('MISSING', p, repr(a)[:100])
        s=s.replace(a,b)
    open(p,'w').write(s)
sub('worker-identity.ts',[
("export async function registerIdentity(pool: Pool): Promise","export async function registerIdentity(pool: Pool, service: string): Promise"),
("await run(registerWorker(id, hostname(), process.pid))","await run(registerWorker(id, { service, host: hostname(), pid: process.pid }))"),
])
sub('engine.ts',[
("/** What the jobs of a service are worked on with. */\nexport interface EngineParts {\n","/** Dependencies of {@link startEngine}. */\nexport interface EngineParts {\n  /** The name of the service: the jobs of others are left alone. */\n  readonly service: string\n"),
("registerIdentity(control)","registerIdentity(control, parts.service)"),
("  const schedules = runSchedules({\n","  const schedules = runSchedules({\n    service: parts.service,\n"),
("  const pruning = startDuty({\n    failure: 'old jobs and limits could not be deleted',\n    clock,\n    log,\n    everyMs: pruneEveryMs,\n    async work() {\n      const jobs = await prune(control, pruneJobs(pruneBatch))\n      const limits = await prune(control, pruneLimits(pruneBatch))\n      await prune(control, deleteOldBeats())\n      return Math.max(jobs, limits) === pruneBatch ? 0 : undefined\n    },\n  })",
 "  const pruning = startPruning({ service: parts.service, pool: control, clock, log })"),
("import { deleteOldBeats } from './queries/beat.ts'\nimport { pruneJobs } from './queries/prune-jobs.ts'\nimport { pruneLimits } from './queries/prune-limits.ts'\n","import { startPruning } from './prune.ts'\n"),
("import { startDuty } from '../kernel/duty.ts'\n",""),
("import { ownWork } from '../kernel/work.ts'\n",""),
("import type { Statement } from '../postgres/statement.ts'\n",""),
("import { withConnection } from '../postgres/with-connection.ts'\n",""),
("const pruneEveryMs = 60_000\nconst pruneBatch = 1_000\nconst prunePatienceMs = 10_000\n",""),
("\nfunction prune(pool: Pool, statement: Statement): Promise<number> {\n  const work = ownWork(AbortSignal.timeout(prunePatienceMs))\n  return withConnection(pool, work, async (connection) => (await connection.run(statement)).rowCount ?? 0)\n}\n",""),
])
open('prune.ts','w').write('''import type { Clock } from '../kernel/clock.ts'
import { type Duty, startDuty } from '../kernel/duty.ts'
import type { Logger } from '../kernel/log.ts'
import { ownWork } from '../kernel/work.ts'
import type { Pool } from '../postgres/pool.ts'
import type { Statement } from '../postgres/statement.ts'
import { withConnection } from '../postgres/with-connection.ts'
import { deleteOldBeats } from './queries/beat.ts'
import { pruneJobs, type PrunedRow } from './queries/prune-jobs.ts'
import { pruneLimits } from './queries/prune-limits.ts'

/** Dependencies of {@link startPruning}. */
export interface PruningParts {
  readonly service: string
  readonly pool: Pool
  readonly clock: Clock
  readonly log: Logger
}

const everyMs = 60_000
const batch = 1_000
const limitMs = 10_000

/** Starts to delete what the jobs of a service leave behind: ended jobs that have expired, idle limits, heartbeats of the dead. */
export function startPruning({ service, pool, clock, log }: PruningParts): Duty {
  const expired = new ExpiredJobs(service, pool)
  return startDuty({
    failure: 'old jobs and limits could not be deleted',
    clock,
    log,
    everyMs,
    async work() {
      const jobs = await expired.prune()
      const { rowCount: limits } = await run(pool, pruneLimits(service, batch))
      await run(pool, deleteOldBeats())
      return Math.max(jobs, limits ?? 0) === batch ? 0 : undefined
    },
  })
}

// A job whose retention is shorter than that of the last pruned one may expire below the bound.
const boundResetMs = 10 * 60_000

/**
 * The ended jobs of a service that have expired. A pass reads on from where the last one ended: what that has deleted
 * stays in the index until a vacuum, which an old snapshot keeps from removing it.
 */
class ExpiredJobs {
  readonly #service: string
  readonly #pool: Pool
  #after: Date | undefined
  #resetMs = performance.now()

  constructor(service: string, pool: Pool) {
    this.#service = service
    this.#pool = pool
  }

  /** Deletes a batch and returns its size. */
  async prune(): Promise<number> {
    const nowMs = performance.now()
    if (nowMs - this.#resetMs >= boundResetMs) {
      this.#after = undefined
      this.#resetMs = nowMs
    }
    const { rows } = await run<PrunedRow>(
      this.#pool,
      pruneJobs({ service: this.#service, after: this.#after, limit: batch }),
    )
    const { count = 0, last = null } = rows[0] ?? {}
    this.#after = last ?? this.#after
    return count
  }
}

function run<Row extends object>(
  pool: Pool,
  statement: Statement,
): Promise<{ readonly rows: readonly Row[]; readonly rowCount: number | null }> {
  return withConnection(pool, ownWork(AbortSignal.timeout(limitMs)), (connection) =>
    connection.run<Row>(statement),
  )
}
''')
sub('run-schedules.ts',[
("/** What schedules are run with. */\nexport interface SchedulesParts {\n","/** Dependencies of {@link runSchedules}. */\nexport interface SchedulesParts {\n  readonly service: string\n"),
("  /** Is called when jobs have been enqueued. */","  /** Called when jobs have been enqueued. */"),
("  const { pool, clock, log, wake } = parts","  const { service, pool, clock, log, wake } = parts"),
("registerSchedule(name, schedule.cron, schedule.timeZone)","registerSchedule(service, schedule)"),
("takeSchedule(name)","takeSchedule(service, name)"),
("insertJobs(await","insertJobs(service, await"),
("advanceSchedule(name, due.doneUntil)","advanceSchedule({ service, name, doneUntil: due.doneUntil })"),
])
sub('admit-jobs.ts',[
("/** What the jobs of a name are limited by. */\ntype Limited = Pick<JobType, 'name' | 'concurrency' | 'rate'>","/** The limits of the jobs of a name. */\ninterface Limited {\n  readonly service: string\n  readonly job: Pick<JobType, 'name' | 'concurrency' | 'rate'>\n}"),
("""/**
 * Lets the next jobs of a name through its limits, in their order: those whose turn it is and who find a place become ready, the others are
 * parked until a place is free, or scheduled for their turn. Gives whether there may be more at the gate.
 */
export function admitJobs(pool: Pool, job: Limited): Promise<boolean> {""","""/**
 * Lets the next jobs of a name through its limits, in their order: those whose turn has come and that find a place become
 * ready, the others are parked until a place is free, or scheduled for their turn. Returns whether there may be more.
 */
export function admitJobs(pool: Pool, limited: Limited): Promise<boolean> {
  const { service, job } = limited"""),
("lockGate(job.name)","lockGate(service, job.name)"),
("findGated(job.name, batch)","findGated(service, job.name, batch)"),
("decide(connection, job, rows)","decide(connection, limited, rows)"),
("async function decide(connection: Connection, job: Limited, rows: readonly GatedRow[]): Promise<void> {\n  const limits = new Limits(job, (await connection.run<LimitRow>(lockLimits(job.name, limitsOf(rows)))).rows)",
 "async function decide(\n  connection: Connection,\n  { service, job }: Limited,\n  rows: readonly GatedRow[],\n): Promise<void> {\n  const of = { service, name: job.name }\n  const locked = await connection.run<LimitRow>(lockLimits({ ...of, limits: limitsOf(rows) }))\n  const limits = new Limits(job, locked.rows)"),
("updateLimits(job.name, limits.rows)","updateLimits({ ...of, limits: limits.rows })"),
("  constructor({ concurrency, rate }: Limited, rows","  constructor({ concurrency, rate }: Limited['job'], rows"),
])
sub('completer.ts',[
("import { completeJobs, type Completion } from './queries/complete-jobs.ts'\n","import { claimKey, type ClaimOf } from './claim-of.ts'\nimport { completeJobs, type Completion } from './queries/complete-jobs.ts'\n"),
("for (const { id, tell } of batch) tell(completed.has(id))","for (const one of batch) one.resolve(completed.has(claimKey(one)))"),
("connection.run<{ id: string }>(completeJobs(batch))","connection.run<ClaimOf>(completeJobs(batch))"),
("return new Set(rows.map(({ id }) => id))","return new Set(rows.map(claimKey))"),
("  readonly tell: (isOwn: boolean) => void","  readonly resolve: (isOwn: boolean) => void"),
("    return new Promise((tell) => {\n      this.#pending.push({ ...completion, tell })","    return new Promise((resolve) => {\n      this.#pending.push({ ...completion, resolve })"),
("/** Completes jobs that have used no transaction: all that were done while the last ones were being completed, in one statement. */","/** Completes jobs that have used no transaction: in one statement all that ended while the last statement ran. */"),
("  /** `closing`: from then on it gives up what cannot be written. */","  /** @param closing From then on, it gives up what cannot be stored. */"),
("  /** Resolves when it is written down: whether the job was still its attempt's own. */","  /** Resolves when it is stored, to `false` if the job was no longer its claim's. */"),
("  /** The ids of those that were completed. Nobody else takes them while this worker lives, so it is tried until it is done. */","  /** Returns the keys of the claims that were completed. No other worker rescues them while this one lives, so it is repeated until it succeeds. */"),
("const mostAtOnce","const maxBatch"),("mostAtOnce)","maxBatch)"),
("const patienceMs","const limitMs"),("(patienceMs)","(limitMs)"),
("for (let tries = 0; !this.#closing.aborted; tries += 1)","for (let attempts = 0; !this.#closing.aborted; attempts += 1)"),("2 ** tries","2 ** attempts"),
("longestPauseMs","maxPauseMs"),
])
sub('progress-keeper.ts',[
("interface Told {\n  readonly id: string\n  readonly attempt: number\n","interface Told extends ClaimOf {\n"),
("import { storeProgress }","import { claimKey, type ClaimOf } from './claim-of.ts'\nimport { storeProgress }"),
("this.#told.set(told.id, told)","this.#told.set(claimKey(told), told)"),
("for (const { id, attempt, value } of told)","for (const one of told)"),
("storeProgress(id, attempt, value)","storeProgress(one, one.value)"),
("jobId: id }","jobId: one.id }"),
("/** Writes down how far jobs are: the last that each has told, about once a second. */","/** Stores the progress of jobs: the last that each has reported, about once a second. */"),
("          // What Postgres has no place for, such as U+0000, is not to keep the progress of others from being written.","          // A value that Postgres cannot store, such as U+0000, must not keep that of others from being stored."),
("could not be written down","could not be stored"),
("  /** Writes down what there is. */","  /** Stores what has been reported. */"),
])
sub('report-end.ts',[
("""/**
 * Writes down how an attempt ended that has committed nothing, and tries until it is written: nobody else takes the job while this worker
 * lives. Gives the state that the job is in; `undefined` where it was not this attempt's own any more, or has been committed after all.
 */""","""/**
 * Stores the end of an attempt that has committed nothing. Repeats it until it succeeds: no other worker rescues the job
 * while this one lives. Returns the state of the job; `undefined` if it was no longer the claim's, or had been committed.
 */"""),
("for (let tries = 0; ; tries += 1)","for (let attempts = 0; ; attempts += 1)"),("2 ** tries","2 ** attempts"),
("`how the job ${row.name} ended could not be written down`","`the end of the job ${row.name} could not be stored`"),
("`how the job ${row.name} ended could not be written down yet`","`the end of the job ${row.name} could not be stored yet`"),
("endAttempt(row.id, row.attempt, end)","endAttempt(row, end)"),
("function report({ control, row }: AttemptScope,","function report({ control, row, service }: AttemptScope,"),
("releasePlace(row.name, row.limit_key ?? '')","releasePlace({ service, name: row.name, key: row.limit_key ?? '' })"),
("const patienceMs","const limitMs"),("(patienceMs)","(limitMs)"),("longestPauseMs","maxPauseMs"),
])
sub('attempt-scope.ts',[
("/** What belongs to one attempt of a job. */\nexport interface AttemptScope {\n","/** One attempt of a job. */\nexport interface AttemptScope {\n  readonly service: string\n"),
])
sub('open-attempt.ts',[
("  'pool' | 'control'","  'service' | 'pool' | 'control'"),
])
sub('run-attempt.ts',[
("import { type AttemptEnd, endAttemptFenced } from","import { type AttemptEnd, succeedFenced } from"),
("  { job, row }: AttemptScope,\n  parts","  { service, job, row }: AttemptScope,\n  parts"),
("""  const end = successOf(job)
  const { id, attempt } = row
  if (!transaction.hasBegun && !row.has_place) {
    const isOwn = await parts.complete({ id, attempt, retentionMs: end.retentionMs })
    return isOwn ? 'succeeded' : 'lost'
  }
  await transaction.commit([
    endAttemptFenced(id, attempt, end),
    ...(row.has_place ? releasePlace(row.name, row.limit_key ?? '') : []),
  ])""","""  const retentionMs = toMilliseconds(job.retention)
  const { id, claim } = row
  if (!transaction.hasBegun && !row.has_place) {
    const isOwn = await parts.complete({ id, claim, retentionMs })
    return isOwn ? 'succeeded' : 'lost'
  }
  await transaction.commit([
    succeedFenced(row, retentionMs),
    ...(row.has_place ? releasePlace({ service, name: row.name, key: row.limit_key ?? '' }) : []),
  ])"""),
("import { judgeFailure, successOf } from","import { judgeFailure } from"),
("import { untilAborted } from '../kernel/cancellation.ts'\n","import { untilAborted } from '../kernel/cancellation.ts'\nimport { toMilliseconds } from '../kernel/duration.ts'\n"),
("""  try {
    await runHandler(scope, parts, { transaction, steps })""","""  try {
    if (isMarkedFirst(scope)) await mark(scope, parts)
    await runHandler(scope, parts, { transaction, steps })"""),
("""/** What attempts are run with, beside what is their own. */
export interface AttemptParts {
  readonly settings: unknown
  /** Completes a job that has used no transaction; gives whether it was still its attempt's own. */
  complete(completion: Completion): Promise<boolean>
  /** Keeps what a job says of its progress. */
""","""/** Dependencies of all attempts. */
export interface AttemptParts {
  readonly settings: unknown
  /** Marks an attempt as begun. Resolves to `false` if the job is no longer its claim's. */
  markBegun(claim: ClaimOf): Promise<boolean>
  /** Completes a job that has used no transaction. Resolves to `false` if it was no longer its claim's. */
  complete(completion: Completion): Promise<boolean>
  /** Stores the progress of a job. */
"""),
("import type { AttemptScope } from './attempt-scope.ts'\n","import type { AttemptScope } from './attempt-scope.ts'\nimport type { ClaimOf } from './claim-of.ts'\n"),
("import { JobRunContext }","import { jobLost, jobNotBegun } from './job-over.ts'\nimport { JobRunContext }"),
("/** What an attempt came to, for those who count. */","/** The outcome of an attempt. */"),
("/** Runs one attempt of a job to its end, whatever that is. Never rejects. */","/**\n * Returns whether an attempt is marked as begun before its handler runs: a crash of its process must not run it again, or\n * may have been its doing.\n */\nexport function isMarkedFirst({ job, row }: Pick<AttemptScope, 'job' | 'row'>): boolean {\n  return row.lost_claims > 0 || row.failures + 1 >= mostAttempts(job.retry)\n}\n\n/** Runs one attempt of a job to its end. Never rejects. */"),
("interface Running {\n","async function mark({ row, deadline }: AttemptScope, { markBegun }: AttemptParts): Promise<void> {\n  const isOwn = await untilAborted(markBegun(row), deadline).catch(() => {\n    throw jobNotBegun\n  })\n  if (!isOwn) throw jobLost\n}\n\ninterface Running {\n"),
("import { toLogFields } from '../kernel/log.ts'\n","import { toLogFields } from '../kernel/log.ts'\nimport { mostAttempts } from '../kernel/retry-delay.ts'\n"),
("function tellFailure(","function logFailure("),("  tellFailure(error","  logFailure(error"),
("'the job is dead: it is not tried again'","'job dead: it has no further attempt'"),
("'the job failed, and is tried again'","'job failed; it is attempted again'"),
("'the job was taken over by another worker while it ran, or had been committed: nothing else of this attempt is kept'","'job lost: it was rescued by another worker, or had been committed; nothing else of this attempt is kept'"),
])
sub('judge-attempt.ts',[
("  // What has nothing to do with the job is no try of it.\n  if (error === leaseOver ||","  // A failure that has nothing to do with the job costs no attempt.\n  if (error === leaseOver || error === jobNotBegun ||"),
("row.attempt - row.failures","row.claim - row.failures"),
("import { jobCancelled, jobLost, leaseOver,","import { jobCancelled, jobLost, jobNotBegun, leaseOver,"),
("/** How a job ends that has done its work. */\nexport function successOf(job: Job): AttemptEnd & { readonly retentionMs: number } {\n  return { state: 'succeeded', retentionMs: toMilliseconds(job.retention) }\n}\n\n",""),
("import { toMilliseconds } from '../kernel/duration.ts'\n",""),
("/** What becomes of a job whose attempt has thrown; `undefined` where that is no longer for this worker to say. */","/** Decides how an attempt that has thrown ends; returns `undefined` if the job is no longer this worker's. */"),
])
sub('job-over.ts',[
("/** The reason of what was aborted since the job has been cancelled. */","/** The failure of an attempt that could not be marked as begun, so that its handler did not run. */\nexport const jobNotBegun: HoldfastError = new HoldfastError(\n  'job-not-begun',\n  'The attempt could not be marked as begun, so its handler was not run. The job is run again, which does not count as an attempt.',\n)\n\n/** The reason of what was aborted since the job has been cancelled. */"),
])
sub('step-runner.ts',[
("if (row.attempt === 1) return undefined","if (row.claim === 1) return undefined"),
("storeStep({ job: scope.row.id, attempt: scope.row.attempt, name, result })","storeStep({ job: scope.row, name, result })"),
("    { key, timeout }: WaitOptions,","    { key, timeout, publisher = this.#scope.service }: WaitOptions,"),
("    const message = { event: event.name, key }","    const message = { publisher, event: event.name, key }"),
])
sub('suspend.ts',[
("  const { row, job, pool, work, limitMs } = scope\n  const { id, attempt } = row\n","  const { service, row, job, pool, work, limitMs } = scope\n"),
("beginPause({ job: id, attempt, name: step }, delayMs)","beginPause({ job: row, name: step }, delayMs)"),
("awaitMessage(id, step, message)","awaitMessage(row.id, step, message)"),
("endAttempt(id, attempt, { state, keepsPlace, ...rest })","endAttempt(row, { state, keepsPlace, ...rest })"),
("releasePlace(row.name, row.limit_key ?? '')","releasePlace({ service, name: row.name, key: row.limit_key ?? '' })"),
])
sub('take-over.ts',[
("/** What jobs of dead workers are taken over with. */\nexport interface TakeOver {\n","/** Dependencies of {@link takeOver}. */\nexport interface TakeOver {\n  readonly service: string\n"),
("""/**
 * Takes the jobs of dead workers over: they are run again at once, which counts as a failed try, so that a job that kills its process does not do so
 * for ever. Gives how many there were.
 */
export function takeOver({ pool, jobs, log, leaseMs, self }: TakeOver)""","""/**
 * Rescues the jobs of dead workers: they become ready again. One that had begun has failed an attempt; one that was only
 * claimed has not, but is marked as begun first when it runs next, so that a job that kills its process does not do so
 * without end. Returns how many there were.
 */
export function takeOver({ service, pool, jobs, log, leaseMs, self }: TakeOver)"""),
("forgetDead(leaseMs, self)","forgetDead({ service, leaseMs, self })"),
("findOrphans()","findOrphans(service)"),
("takeOne(connection, row, jobs.get(row.name))","rescue(connection, row, { service, job: jobs.get(row.name) })"),
])
s=open('take-over.ts').read()
i=s.index("async function takeOne")
s=s[:i]+'''async function rescue(
  connection: Connection,
  row: OrphanRow,
  { service, job }: { readonly service: string; readonly job: Job | undefined },
): Promise<void> {
  const isDead = row.has_begun && job !== undefined && row.failures + 1 >= mostAttempts(job.retry)
  const { rows: ended } = await connection.run<EndedRow>(
    endAttempt(row, {
      state: isDead ? 'dead' : 'ready',
      keepsPlace: !isDead,
      ...(row.has_begun ? failureOf(row) : { isLostClaim: true }),
    }),
  )
  if (row.has_place && ended[0]?.has_place === false) {
    for (const statement of releasePlace({ service, name: row.name, key: row.limit_key ?? '' }))
      await connection.run(statement)
  }
}

function failureOf({ failures }: OrphanRow): Pick<AttemptEnd, 'isFailure' | 'failure'> {
  return {
    isFailure: true,
    failure: {
      name: 'WorkerLost',
      message: 'The process that ran the job sent no heartbeat any more.',
      attempt: failures + 1,
      at: new Date().toISOString(),
    },
  }
}
'''
s=s.replace("import { deadRetentionMs, endAttempt, type EndedRow } from","import { type AttemptEnd, endAttempt, type EndedRow } from")
open('take-over.ts','w').write(s)
sub('wait-statements.ts',[
("({ traceparent: _theirs, service: _publisher, ...message })","({ traceparent: _theirs, service: publisher, ...message })"),
("    event: message.event,","    publisher,\n    event: message.event,"),
("/** Returns the statements that hand messages to the jobs that wait for them. */","/** Returns the statements that end the waiting of jobs for messages. */"),
])
sub('backlog.ts',[
("  get ids(): readonly string[] {\n    return this.#held.map(({ row }) => row.id)","  get claims(): readonly ClaimOf[] {\n    return this.#held.map(({ row }) => row)"),
("import type { ClaimedRow }","import { claimKey, type ClaimOf } from './claim-of.ts'\nimport type { ClaimedRow }"),
("  /** Takes out those of these ids. */\n  takeOut(ids: ReadonlySet<string>)","  /** Removes and returns those with these keys. */\n  takeOut(keys: ReadonlySet<string>)"),
("ids.has(row.id)","keys.has(claimKey(row))"),
])

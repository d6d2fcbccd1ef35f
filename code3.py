def sub(p, pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s: print('MISSING', p, repr(a)[:100])
        s=s.replace(a,b)
    open(p,'w').write(s)
sub('running-attempts.ts',[
("/** What attempts are run with. */\nexport interface RunningAttemptsParts {\n","/** Dependencies of {@link RunningAttempts}. */\nexport interface RunningAttemptsParts {\n  readonly service: string\n"),
("import { Completer } from","import { BegunMarks } from './begun-marks.ts'\nimport { claimKey, type ClaimOf } from './claim-of.ts'\nimport { Completer } from"),
("import { type AttemptOutcome, type AttemptParts, runAttempt } from","import { type AttemptOutcome, type AttemptParts, isMarkedFirst, runAttempt } from"),
("/** The attempts that a process is at. */","/** The attempts that run in a process, by their claims. */"),
("  readonly #progress: ProgressKeeper\n","  readonly #progress: ProgressKeeper\n  readonly #marks: BegunMarks\n"),
("    const { settings, control, bind, clock,","    const { service, settings, control, bind, clock,"),
("    this.#parts = parts\n    this.#progress","    const marks = new BegunMarks(control, log)\n    this.#parts = parts\n    this.#marks = marks\n    this.#progress"),
("    this.#surroundings = { control, bind, clock, log, telemetry, foreignCalls, closing, holdsLease }","    this.#surroundings = {\n      service,\n      control,\n      bind,\n      clock,\n      log,\n      telemetry,\n      foreignCalls,\n      closing,\n      holdsLease,\n    }"),
("      complete: (completion)","      markBegun: (claim) => marks.now(claim),\n      complete: (completion)"),
("progress.keep({ id: row.id, attempt: row.attempt, value })","progress.keep({ id: row.id, claim: row.claim, value })"),
("  /** The ids of their jobs. */\n  get ids(): readonly string[] {\n    return [...this.#running.keys()]\n","  /** Their claims. */\n  get claims(): readonly ClaimOf[] {\n    return [...this.#running.values()].map(({ scope }) => scope.row)\n"),
("    const startedMs = performance.now()\n","    if (!isMarkedFirst(scope)) this.#marks.later(row)\n    const startedMs = performance.now()\n"),
("    this.#running.set(row.id, { scope, ended })","    this.#running.set(claimKey(row), { scope, ended })"),
("    this.#running.delete(row.id)","    this.#marks.ended(row)\n    this.#running.delete(claimKey(row))"),
("  /** Cancels those of these jobs; by default all of them. */\n  cancel(reason: HoldfastError, ids: Iterable<string> = this.#running.keys()): void {\n    for (const id of ids) this.#running.get(id)?.scope.deadline.cancel(reason)","  /** Aborts those with these keys. Default: all. */\n  cancel(reason: HoldfastError, keys: Iterable<string> = this.#running.keys()): void {\n    for (const key of keys) this.#running.get(key)?.scope.deadline.cancel(reason)"),
("  /** What they have not written down by now is left to others. */","  /** Leaves to other workers what they have not stored by now. */"),
("  /** Writes down the progress that they have told of, and is watched no more. */\n  async close(): Promise<void> {\n","  /** Stores the progress that they have reported, and stops. */\n  async close(): Promise<void> {\n    this.#marks.close()\n"),
("'the progress of jobs could not be written down'","'the progress of jobs could not be stored'"),
("  /** How many there are. */","  /** Their number. */"),
("  /** Begins an attempt of a job that is claimed. */","  /** Begins the attempt of a claimed job. */"),
])
sub('claims.ts',[
("/** What jobs are claimed with. */\nexport interface ClaimParts {\n","/** Dependencies of {@link Claims}. */\nexport interface ClaimParts {\n  readonly service: string\n"),
("  /** Where they run. */","  /** The slots in which they run. */"),
("""  #isOver = false
  /** Whether it is time to look for jobs whose claim was carried out and never answered. */
  #isReckoningDue = false
""","""  #isOver = false
  /** Until when claims may turn up that were carried out and never answered. */
  #unclearUntilMs = -Infinity
  #reckonedMs = -Infinity
"""),
("const patienceMs = 5_000\n","const limitMs = 5_000\n// A statement whose answer was lost may be carried out up to its timeout later.\nconst unclearMs = 2 * limitMs\nconst reckonEveryMs = 500\n"),
("    const { worker, slots } = this.#parts\n    if (this.#isReckoningDue && !this.#isOver) await this.#giveBackUnknown()\n","    const { service, worker, slots } = this.#parts\n    if (!this.#isOver) await this.#giveBackUnknown()\n"),
("claimJobs(worker, { names, room, reserved, busy })","claimJobs(worker, { service, names, room, reserved, busy })"),
("""  /** Has the next claim look for jobs whose claim was carried out and never answered. */
  reckonNext(): void {
    this.#isReckoningDue = true
  }

""",""),
("""  /** Nobody else takes what this worker has claimed, so it makes sure that it knows of all of it. Only while no claim is under way. */
  async #giveBackUnknown(): Promise<void> {
    const { worker, slots, attempts } = this.#parts
    const known = [...attempts.ids, ...this.#backlog.ids]
    await this.#run((connection) => connection.run(handBackUnknown(worker, slots.names, known)))
    this.#isReckoningDue = false
  }

  #run<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    return withConnection(this.#parts.control, ownWork(AbortSignal.timeout(patienceMs)), use)
  }""","""  /**
   * Hands back jobs whose claim was carried out and never answered: no other worker rescues them while this one lives.
   * Only while no claim is under way, and only for a while after one whose outcome is unclear.
   */
  async #giveBackUnknown(): Promise<void> {
    const nowMs = performance.now()
    if (this.#reckonedMs >= this.#unclearUntilMs || nowMs - this.#reckonedMs < reckonEveryMs) return
    const { worker, slots, attempts, log } = this.#parts
    const known = [...attempts.claims, ...this.#backlog.claims]
    const { rowCount } = await this.#run((connection) =>
      connection.run(handBackUnknown(worker, slots.names, known)),
    )
    this.#reckonedMs = nowMs
    if (rowCount) log.debug({ jobs: rowCount }, 'jobs handed back whose claim was never answered')
  }

  async #run<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await withConnection(this.#parts.control, ownWork(AbortSignal.timeout(limitMs)), use)
    } catch (error) {
      // Whatever failed, a claim or a hand-back: the database may have jobs of this worker that it does not know of.
      this.#unclearUntilMs = performance.now() + unclearMs
      throw error
    }
  }"""),
("  /** Begins those of these ids, room or not. */\n  beginAtOnce(ids: ReadonlySet<string>)","  /** Begins those with these keys, whether or not there is a free slot. */\n  beginAtOnce(keys: ReadonlySet<string>)"),
("this.#backlog.takeOut(ids)","this.#backlog.takeOut(keys)"),
])
sub('worker.ts',[
("  const { jobs, concurrency, control, identity, waker, clock, log } = parts\n","  const { service, jobs, concurrency, control, identity, waker, clock, log } = parts\n"),
("new Claims({ worker: identity.id,","new Claims({ service, worker: identity.id,"),
("promoteDue(unlimited)","promoteDue(service, unlimited)"),
("""    for (const claims of allClaims) {
      claims.reckonNext()
      await claims.claim()
    }""","""    for (const claims of allClaims) await claims.claim()"""),
("await admitJobs(control, job)","await admitJobs(control, { service, job })"),
("connection.run<{ id: string }>(findCancelled(identity.id))","connection.run<ClaimOf>(findCancelled(identity.id))"),
("    const ids = new Set(rows.map(({ id }) => id))\n    // One that has not begun begins, to end at once, like any other.\n    for (const claims of allClaims) claims.beginAtOnce(ids)\n    attempts.cancel(jobCancelled, ids)","    const keys = new Set(rows.map(claimKey))\n    // One that has not begun begins, and ends at once like any other.\n    for (const claims of allClaims) claims.beginAtOnce(keys)\n    attempts.cancel(jobCancelled, keys)"),
("import { Claims } from './claims.ts'\n","import { claimKey, type ClaimOf } from './claim-of.ts'\nimport { Claims } from './claims.ts'\n"),
("takeOver({ pool: control,","takeOver({ service, pool: control,"),
])
sub('../kernel/step.ts',[
("  /** How long it waits at most. Default: for ever. */\n  readonly timeout?: Duration\n","  /** The longest that it waits. Default: without a timeout. */\n  readonly timeout?: Duration\n  /** The service that publishes the message. Default: that of the job. Set it to wait for another service's message. */\n  readonly publisher?: string\n"),
])
sub('../kernel/effects.ts',[
("""  /**
   * While a job of this name and key has not ended, no other is enqueued: the one that is there stands for both. At most 255
   * characters.
   */
  readonly unique?: string
""","""  /**
   * Enqueues no second job while one of this name and key is there: the first stands for both. A text is the key, with
   * `until: 'started'`.
   */
  readonly unique?: string | UniqueJob
"""),
("""/** How many jobs at once are enqueued. */""","""/** What makes a job stand for others. */
export interface UniqueJob {
  /** At most 255 characters. */
  readonly key: string
  /**
   * `'started'`: a job stands for others until it is claimed, so what is committed while it runs gets one more run, and
   * nothing is missed. `'ended'`: until it ends, its further attempts included. Use it only if a job that already runs
   * need not see what was committed after it began. Default `'started'`.
   */
  readonly until?: 'started' | 'ended'
}

/** Options of many jobs that are enqueued at once. */"""),
])
sub('../database/effects.ts',[
("  /** The name of the service that publishes. */","  /** The name of the service that publishes and enqueues. */"),
("new TransactionJobs(this.#session, this.#waker)","new TransactionJobs(this.#session, { service: this.#service, waker: this.#waker })"),
])
sub('../database/start-background.ts',[
("  const shared = {\n    settings,","  const shared = {\n    service: surroundings.service,\n    settings,"),
])

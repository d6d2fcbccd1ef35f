import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'
const fences = `${src}/effects/jobs/fences.postgres.test.ts`
const leadership = `${src}/effects/jobs/leadership/leadership.postgres.test.ts`
const plans = `${src}/databases/assembly/plans/plans.postgres.test.ts`
const quiet = `${src}/databases/assembly/quiet-fleet.postgres.test.ts`

/** Mutants of the statements and code that claim, run and complete jobs. */
export const jobMutants: readonly Mutant[] = [
  {
    name: 'end of an attempt: without its fence',
    file: `${src}/effects/jobs/queries/finish.ts`,
    text: "const fence = `id = $1 and claim = $2 and state = 'running'`",
    replacement: "const fence = `id = $1 and $2::int > 0 and state = 'running'`",
    killedBy: [
      { file: fences, name: 'endAttempt does not change a job of another claim' },
      { file: fences, name: 'succeedFenced does not change a job of another claim' },
    ],
    why: 'A worker whose job was rescued would end the attempt of the other worker, and also commit its own effects.',
  },
  {
    name: 'end of an attempt: of a job that does not run',
    file: `${src}/effects/jobs/queries/finish.ts`,
    text: "const fence = `id = $1 and claim = $2 and state = 'running'`",
    replacement: 'const fence = `id = $1 and claim = $2`',
    killedBy: [{ file: fences, name: 'endAttempt does not change a job that is not running' }],
    why: 'A job that waits for its next attempt would be ended again.',
  },
  {
    name: 'end of an attempt: a cancellation at the same time is not seen',
    file: `${src}/effects/jobs/attempt/store-end.ts`,
    text: 'const [again] = await run(ending)',
    replacement: 'const [again] = [ended]',
    killedBy: [{ file: fences, name: 'a job that is cancelled while its attempt ends is cancelled' }],
    why: 'A job that is cancelled at the end of an attempt would stay claimed forever.',
  },
  {
    name: 'success of an attempt: the fence fails nothing',
    file: `${src}/effects/jobs/queries/finish.ts`,
    text: 'select holdfast.check_fence(exists (select from gone))',
    replacement: 'select holdfast.check_fence(exists (select from gone) or true)',
    killedBy: [{ file: fences, name: 'succeedFenced does not change a job of another claim' }],
    why: 'A worker whose job was rescued would commit its effects although another worker runs the job.',
  },
  {
    name: 'success of an attempt: the waits of a job stay',
    file: `${src}/effects/jobs/queries/finish.ts`,
    text: 'const statement = claim === 1 ? firstFencedSuccess : fencedSuccess',
    replacement: 'const statement = claim > 0 ? firstFencedSuccess : fencedSuccess',
    killedBy: [{ file: fences, name: 'succeedFenced deletes the waits of a job that has waited' }],
    why: 'The waits of ended jobs would fill their table, and each message would look for their jobs.',
  },
  {
    name: 'completing jobs: the waits of jobs stay',
    file: `${src}/effects/jobs/queries/finish.ts`,
    text: 'completions.every(({ claim }) => claim === 1)',
    replacement: 'completions.every(({ claim }) => claim > 0)',
    killedBy: [{ file: fences, name: 'completeJobs deletes the waits of a job that has waited' }],
    why: 'The waits of ended jobs would fill their table, and each message would look for their jobs.',
  },
  {
    name: 'rescue: a claim that did not start counts as an attempt',
    file: `${src}/effects/jobs/leadership/rescue-jobs.ts`,
    text: '...(row.has_begun ? failureOf(row) : { isLostClaim: true }),',
    replacement: '...failureOf(row),',
    killedBy: [
      {
        file: `${src}/effects/jobs/claim/lost-claims.postgres.test.ts`,
        name: 'a crash fails only started jobs that have a single attempt',
      },
    ],
    why: 'One SIGKILL would make all jobs dead that have a single attempt and were claimed ahead.',
  },
  {
    name: 'running attempts: by the id of their job',
    file: `${src}/effects/jobs/claim/claim-of.ts`,
    text: 'return `${id} ${claim}`',
    replacement: 'return `${id} ${claim > 0}`',
    killedBy: [
      {
        file: `${src}/effects/jobs/claim/unknown-claims.postgres.test.ts`,
        name: 'two attempts of a job never run at the same time, even if the reply to the end of an attempt is lost',
      },
    ],
    why: 'At the end of one attempt, the worker would forget the next attempt of the same job, and release the job while it runs.',
  },
  {
    name: 'completing jobs: without the fence',
    file: `${src}/effects/jobs/queries/finish.ts`,
    text: 'where ${byClaim} returning',
    replacement: 'where jobs.id = any ($1::uuid[]) and $2::int[] is not null returning',
    killedBy: [{ file: fences, name: 'completeJobs does not change a job of another claim' }],
    why: 'A worker whose job was rescued would complete the attempt of another worker.',
  },
  {
    name: 'bookkeeping by claim: of jobs that do not run',
    file: `${src}/effects/jobs/queries/claim.ts`,
    text: "and jobs.state = 'running'",
    replacement: '',
    killedBy: [
      { file: fences, name: 'completeJobs does not change a job that is not running' },
      { file: fences, name: 'releaseClaims does not change a job that is not running' },
    ],
    why: 'A job that waits for its next attempt would be completed, or run at once.',
  },
  {
    name: 'steps: without the fence',
    file: `${src}/effects/jobs/queries/steps.ts`,
    text: "where id = $1 and claim = $2 and state = 'running' for share",
    replacement: "where id = $1 and $2::int > 0 and state = 'running' for share",
    killedBy: [
      { file: fences, name: 'storeStep does not change a job of another claim' },
      { file: fences, name: 'beginPause does not change a job of another claim' },
    ],
    why: 'A worker whose job was rescued would commit a step although another worker runs the job.',
  },
  {
    name: 'steps: the row of the job is not locked',
    file: `${src}/effects/jobs/queries/steps.ts`,
    text: "state = 'running' for share",
    replacement: "state = 'running'",
    killedBy: [{ file: fences, name: 'a job is not rescued while one of its steps commits' }],
    why: 'A job could be rescued between the fence of a step and its commit, and run the step again.',
  },
  {
    name: 'rescue: the sessions of a dead worker stay open',
    file: `${src}/effects/jobs/leadership/rescue-jobs.ts`,
    text: 'await connection.run(endSessions([sessionsOf(id), ownSessionsOf(id)]))',
    replacement: '',
    killedBy: [{ file: fences, name: 'the sessions of a dead worker are ended' }],
    why: 'A process that was stopped would still hold the locks of its transaction, which block the rescue of its jobs.',
  },
  {
    name: 'rescue: ends sessions of other databases and users',
    file: `${src}/effects/jobs/queries/workers.ts`,
    text: 'where application_name = any ($1::text[]) and datname',
    replacement:
      'where (true or application_name = any ($1::text[])) and pid <> pg_backend_pid() and datname',
    killedBy: [{ file: fences, name: 'the sessions of a dead worker are ended' }],
    why: 'Sessions of live workers would be ended.',
  },
  {
    name: 'rescue: of a worker that lives',
    file: `${src}/effects/jobs/queries/workers.ts`,
    text: 'where worker = job_workers.id and at >= clock',
    replacement: 'where worker = job_workers.id and at < clock',
    killedBy: [
      {
        file: `${src}/effects/jobs/heartbeat/heartbeat.postgres.test.ts`,
        name: 'a worker without a heartbeat within the lease is dead, unless it is the worker that checks',
      },
    ],
    why: 'The jobs of live workers would run twice.',
  },
  {
    name: 'steps: started without a lease',
    file: `${src}/effects/jobs/steps/step-runner.ts`,
    text: 'if (!scope.holdsLease()) throw leaseOver',
    replacement: '',
    killedBy: [
      {
        file: `${src}/effects/jobs/steps/step-lease.test.ts`,
        name: 'a step does not start after the lease of its worker has expired, and the job runs again',
      },
    ],
    why: 'A worker that was declared dead would call a third party although another worker has rescued the job.',
  },
  {
    name: 'waits: messages are not locked',
    file: `${src}/effects/jobs/queries/waits.ts`,
    text: 'select pg_advisory_xact_lock(id) from (',
    replacement: 'select id from (',
    killedBy: [{ file: fences, name: 'one transaction at a time begins to wait for a message' }],
    why: 'A message that is dispatched between the search for it and the start of the wait would be missed.',
  },
  {
    name: 'schedules: handled by several processes at once',
    file: `${src}/effects/jobs/queries/schedules.ts`,
    text: 'where service = $2 and name = $1 for update skip locked',
    replacement: 'where service = $2 and name = $1',
    killedBy: [{ file: fences, name: 'one transaction at a time takes a schedule' }],
    why: 'A tick would enqueue its job once per process.',
  },
  {
    name: 'rescue: does not count as a failure',
    file: `${src}/effects/jobs/leadership/rescue-jobs.ts`,
    text: 'isFailure: true,\n    failure: {',
    replacement: 'failure: {',
    killedBy: [{ file: fences, name: 'the sessions of a dead worker are ended' }],
    why: 'A job that kills its process would run again, and kill processes, forever.',
  },
  {
    name: 'heartbeat: of a worker that was declared dead',
    file: `${src}/effects/jobs/queries/workers.ts`,
    text: 'select id from holdfast.job_workers where id = $1`,\n    values: [id],\n  }\n}\n\n/** Removes a worker',
    replacement: 'values ($1)`,\n    values: [id],\n  }\n}\n\n/** Removes a worker',
    killedBy: [
      {
        file: `${src}/effects/jobs/heartbeat/heartbeat.postgres.test.ts`,
        name: 'a worker that another process removed learns that it was declared dead',
      },
    ],
    why: 'A worker whose jobs were rescued would not notice that, and would continue to run them.',
  },
  {
    name: 'leader: a lease that another process has is taken',
    file: `${src}/effects/jobs/leadership/queries/campaign.ts`,
    text: 'where leader.holder = excluded.holder or leader.expires_at <= clock_timestamp() or (${isGone})',
    replacement: 'where true',
    killedBy: [
      { file: leadership, name: 'one of the candidates that saw the same lease expire gets the lease' },
    ],
    why: 'All candidates that see a lease expire would lead.',
  },
  {
    name: 'leader: continues after its lease has ended by its own clock',
    file: `${src}/effects/jobs/leadership/leadership.ts`,
    text: 'return this.#parts.clock.monotonicMs() < this.#leadsUntilMs',
    replacement: 'return this.#term !== undefined',
    killedBy: [{ file: leadership, name: 'a process leads only while its lease is valid by its own clock' }],
    why: 'A process whose event loop was blocked would continue its tasks as leader although another process leads.',
  },
  {
    name: 'leader: stops without resigning',
    file: `${src}/effects/jobs/leadership/queries/campaign.ts`,
    text: 'where service = $1 and holder = $2 and expires_at > clock_timestamp()',
    replacement: 'where service = $1 and holder = $2 and false',
    killedBy: [{ file: leadership, name: 'a leader that stops hands over to another process immediately' }],
    why: 'After each deploy, due jobs, schedules and messages would wait for the end of a lease.',
  },
  {
    name: 'wakes: of other services wake too',
    file: `${src}/effects/jobs/worker.ts`,
    text: "    if (wake.service !== this.#parts.service) return\n    if (wake.kind === 'cancelled')",
    replacement: "    if (wake.kind === 'cancelled')",
    killedBy: [{ file: quiet, name: 'jobs without a worker wake no process' }],
    why: 'Each job of a service would cost the workers of every other service a claim.',
  },
  {
    name: 'wakes: for other names wake too',
    file: `${src}/effects/jobs/worker.ts`,
    text: 'if (!claims.names.some((name) => concerns(wake, name))) continue',
    replacement: '',
    killedBy: [{ file: quiet, name: 'jobs without a worker wake no process' }],
    why: 'Each job would cost every worker of its service a claim.',
  },
  {
    name: 'wakes: no poll replaces a lost wake',
    file: `${src}/effects/jobs/leadership/poll-interval.ts`,
    text: 'const listeningMs = 5_000',
    replacement: 'const listeningMs = 60_000',
    killedBy: [
      { file: quiet, name: 'a job and a message whose notifications were lost are found by the next poll' },
    ],
    why: 'A job whose process died between commit and notification would wait for a long time.',
  },
  {
    name: 'wakes: more names than a notification holds',
    file: `${src}/effects/wakes/wake.ts`,
    text: 'const maxPayloadBytes = 7_999',
    replacement: 'const maxPayloadBytes = 79_990',
    killedBy: [
      {
        file: `${src}/effects/wakes/waker.postgres.test.ts`,
        name: 'if a notification cannot hold all names, it concerns all names of the service',
      },
    ],
    why: 'Postgres would refuse this notification and all later ones, again and again.',
  },
  {
    name: 'dead jobs: they lose their slot',
    file: `${src}/effects/jobs/attempt/attempt-outcome.ts`,
    text: "const keepsSlot = job.concurrency?.onDead === 'wait'",
    replacement: 'const keepsSlot = false',
    killedBy: [
      {
        file: `${src}/effects/messages/consumer-on-dead.postgres.test.ts`,
        name: 'later messages of a key wait behind a dead message',
      },
    ],
    why: 'Later messages of a key would be handled before the dead one.',
  },
  {
    name: 'dead jobs: their slot is not released when they are deleted',
    file: `${src}/effects/jobs/leadership/prune.ts`,
    text: 'for (const statement of releaseSlot({ service, ...slot })) await transaction.run(statement)',
    replacement: 'void place',
    killedBy: [
      {
        file: `${src}/effects/messages/consumer-on-dead.postgres.test.ts`,
        name: 'later messages of a key continue when the retention of the dead message ends',
      },
    ],
    why: 'The messages of a key would wait forever.',
  },
  {
    name: 'leader: admits names that it does not run',
    file: `${src}/effects/jobs/leadership/leader-tasks.ts`,
    text: 'return jobs.has(name) && leadership.isLeader(',
    replacement: 'return leadership.isLeader(',
    killedBy: [
      {
        file: `${src}/effects/jobs/leadership/leader-tasks.postgres.test.ts`,
        name: 'a leader does not admit jobs of a name that only other processes or engines run',
      },
    ],
    why: 'Limited jobs of another engine would wait for its next poll.',
  },
  {
    name: 'skip: wakes no worker',
    file: `${src}/effects/jobs/admin/skip-job.ts`,
    text: '      await runStatement(within, notifyReturned(row.service, row.name))\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/effects/messages/consumer-on-dead.postgres.test.ts`,
        name: 'later messages of a key continue when the dead message is skipped',
      },
    ],
    why: 'Jobs behind a dead one that was skipped would wait for the next poll.',
  },
  {
    name: 'plans: an index of running jobs that the planner may walk for one id',
    file: `${src}/effects/jobs/migrations.ts`,
    text: 'create index jobs_claimed on holdfast.jobs (worker) where worker is not null;',
    replacement: "create index jobs_claimed on holdfast.jobs (worker) where state = 'running';",
    killedBy: [
      { file: plans, name: 'no statement reads most of a table that has changed since it was analyzed' },
    ],
    why: 'After a quiet period, the statement that ends a job would read all running jobs.',
  },
]

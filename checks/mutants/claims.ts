import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'
const fences = `${src}/effects/jobs/fences.postgres.test.ts`

/** Mutants of the statements and code that make jobs ready, claim them and begin them. */
export const claimMutants: readonly Mutant[] = [
  {
    name: 'marking as started: without the fence',
    file: `${src}/effects/jobs/queries/claim.ts`,
    text: 'now())\n      where ${byClaim}',
    replacement: 'now())\n      where jobs.id = any ($1::uuid[]) and $2::int[] is not null',
    killedBy: [{ file: fences, name: 'markBegun does not change a job of another claim' }],
    why: 'A worker whose claim was rescued would begin the last attempt although another worker runs the job.',
  },
  {
    name: 'marking as started: not before a last attempt',
    file: `${src}/effects/jobs/attempt/run-attempt.ts`,
    text: 'if (isMarkedFirst(scope)) await mark(scope, parts)',
    replacement: '',
    killedBy: [
      {
        file: `${src}/effects/jobs/claim/lost-claims.postgres.test.ts`,
        name: 'a crash fails only started jobs that have a single attempt',
      },
    ],
    why: 'A job of one attempt whose process dies at once would run twice.',
  },
  {
    name: 'unique jobs: the waiting job is not locked',
    file: `${src}/effects/jobs/queries/enqueue.ts`,
    text: "= ${tenantOf('$4')}\n      for key share`",
    replacement: "= ${tenantOf('$4')}`",
    killedBy: [
      {
        file: `${src}/effects/jobs/enqueue/unique-jobs.postgres.test.ts`,
        name: 'a unique job does not start before all transactions that requested it have committed',
      },
    ],
    why: 'The job would run before the change that it has to process is committed, and miss this change.',
  },
  {
    name: 'unique jobs: a claim keeps the key',
    file: `${src}/effects/jobs/queries/claim.ts`,
    text: 'holds_key = holds_key and keeps_key',
    replacement: 'holds_key = holds_key',
    killedBy: [
      {
        file: `${src}/effects/jobs/enqueue/unique-jobs.postgres.test.ts`,
        name: 'commits during the run of a unique job cause exactly one more run',
      },
    ],
    why: 'Changes that are committed while the job runs would be missed.',
  },
  {
    name: 'releasing claims: without the fence',
    file: `${src}/effects/jobs/queries/claim.ts`,
    text: 'worker = null\n      where ${byClaim}',
    replacement: 'worker = null\n      where jobs.id = any ($1::uuid[]) and $2::int[] is not null',
    killedBy: [{ file: fences, name: 'releaseClaims does not change a job of another claim' }],
    why: 'A worker whose claim was rescued would take the job away from the worker that runs it.',
  },
  {
    name: 'releasing unknown claims: of every worker',
    file: `${src}/effects/jobs/queries/claim.ts`,
    text: "where worker = $1 and state = 'running' and name",
    replacement: "where $1::uuid is not null and state = 'running' and name",
    killedBy: [{ file: fences, name: 'releaseUnknownClaims does not change' }],
    why: 'The jobs of all other workers would run twice.',
  },
  {
    name: 'claim: without a row lock',
    file: `${src}/effects/jobs/queries/claim.ts`,
    text: 'for update skip locked',
    replacement: '',
    killedBy: [{ file: fences, name: 'a claim skips rows that another transaction has claimed' }],
    why: 'Two workers would claim the same job.',
  },
  {
    name: 'claim: waits for rows that another claim has locked',
    file: `${src}/effects/jobs/queries/claim.ts`,
    text: 'for update skip locked',
    replacement: 'for update',
    killedBy: [{ file: fences, name: 'a claim skips rows that another transaction has claimed' }],
    why: 'Workers would claim one after the other, and wait for a row that a user has locked.',
  },
  {
    name: 'claim: without the bounds',
    file: `${src}/effects/jobs/claim/claim-bounds.ts`,
    text: 'isSweep ? [] : this.#settled(name, nowMs)',
    replacement: '[]',
    killedBy: [
      {
        file: `${src}/effects/jobs/plans.postgres.test.ts`,
        name: 'a claim does not read earlier claims while an old snapshot prevents vacuuming',
      },
      {
        file: `${src}/effects/jobs/claim/claim-bounds.test.ts`,
        name: 'the first claim searches all jobs, and later claims only those after the jobs that were claimed a while ago',
      },
    ],
    why: 'While an old snapshot is open, a claim would read all jobs that were claimed since.',
  },
  {
    name: 'claim: no sweep after the first',
    file: `${src}/effects/jobs/claim/claim-bounds.ts`,
    text: 'nowMs - this.#sweptMs >= sweepEveryMs',
    replacement: 'this.#sweptMs < 0',
    killedBy: [{ file: `${src}/effects/jobs/claim/claim-bounds.test.ts`, name: 'a sweep searches all jobs' }],
    why: 'A job that was committed late, or released, would wait until the worker starts again.',
  },
  {
    name: 'claim: bounds of recent claims',
    file: `${src}/effects/jobs/claim/claim-bounds.ts`,
    text: 'nowMs - bound.pendingMs >= settleMs',
    replacement: 'nowMs >= bound.pendingMs',
    killedBy: [
      {
        file: `${src}/effects/jobs/claim/claim-bounds.test.ts`,
        name: 'the first claim searches all jobs, and later claims only those after the jobs that were claimed a while ago',
      },
    ],
    why: 'Jobs that commit a little later than others of a higher number would wait for a sweep.',
  },
  {
    name: 'limits: slots are passed on at once',
    file: `${src}/effects/jobs/queries/limits.ts`,
    text: 'key = $2\n        for update`,',
    replacement: 'key = $2`,',
    killedBy: [{ file: fences, name: 'one transaction at a time passes slots of a limit on' }],
    why: 'No process would see a job that becomes blocked in the meantime, so the job would wait forever.',
  },
  {
    name: 'limits: the gate is not locked',
    file: `${src}/effects/jobs/queries/limits.ts`,
    text: "pg_try_advisory_xact_lock(hashtextextended('holdfast gate ' || $1 || ' ' || $2, 0))",
    replacement: '($1::text || $2::text is not null)',
    killedBy: [{ file: fences, name: 'one transaction at a time lets jobs through their limits' }],
    why: 'Jobs of one name would be admitted in the wrong order.',
  },
  {
    name: 'due jobs: promoted by several processes at once',
    file: `${src}/effects/jobs/queries/promote-due.ts`,
    text: 'for no key update skip locked',
    replacement: '',
    killedBy: [{ file: fences, name: 'one transaction at a time promotes a job that is due' }],
    why: 'A job that was claimed meanwhile would become ready again, and run twice.',
  },
  {
    name: 'claims: an unanswered claim is forgotten',
    file: `${src}/effects/jobs/claim/claims.ts`,
    text: 'if (!this.#isOver) await this.#releaseUnknownClaims()',
    replacement: '',
    killedBy: [
      {
        file: `${src}/effects/jobs/claim/unknown-claims.postgres.test.ts`,
        name: 'a job whose claim committed without a reply still runs, and loses no attempt',
      },
    ],
    why: 'A job would stay with a live worker that does not know that it has claimed the job.',
  },
]

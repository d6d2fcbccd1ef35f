import type { Mutant } from './mutant.ts'

const effects = 'packages/holdfast/src/effects'
const erasing = `${effects}/erasure/erase-subject.postgres.test.ts`
const holding = `${effects}/erasure/held-rows.postgres.test.ts`
const subjects = `${effects}/subjects/subjects.postgres.test.ts`

/** Mutants of subjects and their erasure. */
export const erasureMutants: readonly Mutant[] = [
  {
    name: 'erasure: the row of a key deleted',
    file: `${effects}/idempotency/admin/queries/subject-keys.ts`,
    text: `update \${leafName(leaf)} set
          scope = '', key = '', fingerprint = '', status = 410, headers = '{}', body = null
        where`,
    replacement: `delete from \${leafName(leaf)}
        where`,
    killedBy: [{ file: erasing, name: 'an erasure keeps the key, so that its call never runs again' }],
    why: 'A retry after the erasure would run the call a second time.',
  },
  {
    name: 'erasure: an erased answer replayed',
    file: `${effects}/idempotency/stored-answer.ts`,
    text: 'if (stored.fingerprint.length === 0) throw IdempotencyAnswerErased()',
    replacement: '',
    killedBy: [{ file: erasing, name: 'an erasure keeps the key, so that its call never runs again' }],
    why: 'A retry after the erasure would be rejected because its key was used for another request.',
  },
  {
    name: 'erasure: a retry with input that is no longer valid',
    file: `${effects}/idempotency/stored-answer.ts`,
    text: 'return !(error instanceof ProblemError) || error.code !== IdempotencyKeyReused.code',
    replacement: 'return !(error instanceof ProblemError)',
    killedBy: [{ file: erasing, name: 'an erasure keeps the key, so that its call never runs again' }],
    why: 'The client would fix its input, and could send the call again under another key.',
  },
  {
    name: 'erasure: the fingerprint of a key kept out of the mark',
    file: `${effects}/idempotency/admin/queries/subject-keys.ts`,
    text: `scope = '', key = '', fingerprint = ''`,
    replacement: `key = '', fingerprint = ''`,
    killedBy: [{ file: erasing, name: 'leaves no trace of the person in any table' }],
    why: 'The erased row would still name the caller.',
  },
  {
    name: 'erasure: a running job deleted',
    file: `${effects}/jobs/admin/queries/subject-jobs.ts`,
    text: ` and state <> 'running'`,
    replacement: '',
    killedBy: [{ file: holding, name: 'a job that is claimed after it was found is not cancelled' }],
    why: 'An attempt that has begun would write the erased data again, and its job would no longer exist.',
  },
  {
    name: 'erasure: the slot of a dead job kept',
    file: `${effects}/jobs/admin/subject-jobs.ts`,
    text: 'if (key === null) continue',
    replacement: 'continue',
    killedBy: [
      {
        file: holding,
        name: 'a message that is dead for a consumer is erased, and the next message of its key is consumed',
      },
    ],
    why: 'Later messages of the key would wait forever behind a job that no longer exists.',
  },
  {
    name: 'erasure: limits of deleted jobs kept',
    file: `${effects}/jobs/admin/subject-jobs.ts`,
    text: 'await runStatement(client, deleteIdleLimits(deleted))',
    replacement: '',
    killedBy: [{ file: erasing, name: 'leaves no trace of the person in any table' }],
    why: 'The key of a limit, often the id of a customer, would survive the erasure.',
  },
  {
    name: 'erasure: subjects of a job that was left deleted',
    file: `${effects}/jobs/admin/queries/subject-jobs.ts`,
    text: `where id <> all (array(select jobs.id from holdfast.jobs where jobs.id = \${theseIds}))
          and`,
    replacement: 'where',
    killedBy: [{ file: holding, name: 'a job that is claimed after it was found is not cancelled' }],
    why: 'A job that was claimed meanwhile could never be found again.',
  },
  {
    name: 'erasure: a message that a subscription has not read deleted',
    file: `${effects}/messages/queries/subject-messages.ts`,
    text: 'and subscriptions.position < messages.position',
    replacement: 'and subscriptions.position < 0',
    killedBy: [{ file: holding, name: 'a message is held until every subscription has read it' }],
    why: 'A consumer or relay that lags would never get the message.',
  },
  {
    name: 'erasure: an erased webhook replayed',
    file: `${effects}/webhooks/queries/erased-message.ts`,
    text: `<> ''`,
    replacement: 'is not null',
    killedBy: [
      { file: holding, name: 'an erased webhook stays on record without its content, and is not sent again' },
    ],
    why: 'A replay would send an empty, signed request to the receiver.',
  },
  {
    name: 'erasure: a replayed delivery without subjects',
    file: `${effects}/webhooks/queries/replay-deliveries.ts`,
    text: `subjects.id = message_id and subjects.kind = 'webhook'`,
    replacement: `false`,
    killedBy: [
      { file: holding, name: 'a webhook that is replayed has a job with its subjects, and is held' },
    ],
    why: 'The job of a replay could not be found, and would remain after its body is erased.',
  },
  {
    name: 'erasure: no second pass',
    file: `${effects}/erasure/erase-subject.ts`,
    text: 'this.#isSettled = count === 0',
    replacement: 'this.#isSettled = true',
    killedBy: [{ file: erasing, name: 'an erasure erases data that is committed while it runs' }],
    why: 'Data that was committed during the erasure would remain, and the result would still be "complete".',
  },
  {
    name: 'erasure: a dry run that writes',
    file: `${effects}/erasure/erase-subject.ts`,
    text: 'if (this.#parts.id === null) this.#count(source, rows)',
    replacement: 'if (count < 0) this.#count(source, rows)',
    killedBy: [{ file: erasing, name: 'a dry run of an erasure counts the same rows and changes nothing' }],
    why: 'An operator who only wants to count the data would erase it.',
  },
  {
    name: 'erasure: another service',
    file: `${effects}/subjects/queries/find-subject-rows.ts`,
    text: 'where subject = $1 and service = $2 and kind',
    replacement: 'where subject = $1 and ($2::text is not null) and kind',
    killedBy: [{ file: erasing, name: 'services on one database do not affect each other' }],
    why: 'An erasure in one service would delete the jobs of another.',
  },
  {
    name: 'subjects: a consumer that does not inherit',
    file: `${effects}/messages/fan-out.ts`,
    text: '{ traceparent, tenant, subjects })',
    replacement: '{ traceparent, tenant })',
    killedBy: [{ file: subjects, name: 'and its consumers inherit them' }],
    why: 'The copy of the payload in the job of a consumer would not be found.',
  },
  {
    name: 'subjects: kept after their job is pruned',
    file: `${effects}/jobs/queries/prune-jobs.ts`,
    text: `\${deleteSubjectsOf('job', 'select id from gone')}`,
    replacement: 'select 1',
    killedBy: [{ file: subjects, name: 'pruning deletes subjects with their rows' }],
    why: 'The table of subjects would grow without limit.',
  },
  {
    name: 'subjects: not stored for a unique job',
    file: `${effects}/jobs/enqueue/transaction-jobs.ts`,
    text: `for (const statement of insertSubjects(this.#service, 'job', [row])) await this.#run(statement)`,
    replacement: '',
    killedBy: [{ file: subjects, name: 'a unique job has the subjects of the call that enqueued it' }],
    why: 'A unique job could not be found by its subject.',
  },
  {
    name: 'subjects: read after the handler has changed its input',
    file: `${effects}/idempotency/mutation-attempt.ts`,
    text: `const outcome = await this.#runHandler(next).catch(problemOf)`,
    replacement: `const outcome = await this.#runHandler(next).catch(problemOf)
      key.subjects = this.#parts.subjectsOf(this.#call)`,
    killedBy: [{ file: subjects, name: 'a key has the subject of its caller' }],
    why: 'The answer would be stored for the person whom the handler has written into its input.',
  },
  {
    name: 'erasure: deliveries not locked',
    file: `${effects}/webhooks/queries/subject-webhooks.ts`,
    text: `      order by id
      for update`,
    replacement: '      order by id',
    killedBy: [{ file: holding, name: 'a webhook that is being replayed is not erased' }],
    why: 'A delivery that is replayed meanwhile would be sent without its body.',
  },
  {
    name: 'erasure: a replay that does not lock the message',
    file: `${effects}/webhooks/queries/replay-deliveries.ts`,
    text: 'for update of delivery for share of message',
    replacement: 'for update of delivery',
    killedBy: [{ file: holding, name: 'that is being erased is not replayed' }],
    why: 'A replay that waited for an erasure would send a message without its body.',
  },
  {
    name: 'erasure: the victim of a deadlock is not erased again',
    file: `${effects}/erasure/erase-subject.ts`,
    text: '!isRetryable(error) || attempts === maxAttempts',
    replacement: '!isRetryable(error) || attempts >= 1',
    killedBy: [{ file: erasing, name: 'an erasure repeats a batch that was the victim of a deadlock' }],
    why: 'A deadlock with a worker would end the erasure before it is complete.',
  },
  {
    name: 'subjects: kept after the leaf of their keys is truncated',
    file: `${effects}/idempotency/queries/ring.ts`,
    text: 'truncate ${leafName(leaf)}, ${subjectsName(leaf)}',
    replacement: 'truncate ${leafName(leaf)}',
    killedBy: [
      {
        file: `${effects}/idempotency/rotate-ring.postgres.test.ts`,
        name: 'the leaf of the next slot is truncated, and every other leaf is kept',
      },
    ],
    why: 'The subjects of expired keys would be kept, and name rows that do not exist.',
  },
  {
    name: 'subjects: kept after their webhook message is pruned',
    file: `${effects}/webhooks/queries/prune-messages.ts`,
    text: `\${deleteSubjectsOf('webhook', 'select id from gone')}`,
    replacement: 'select id from gone',
    killedBy: [{ file: subjects, name: 'pruning deletes the subjects of webhooks with their messages' }],
    why: 'The table of subjects would grow without limit.',
  },
  {
    name: 'subjects: an ended job counts as deleted',
    file: `${effects}/subjects/queries/delete-orphans.ts`,
    text: 'coalesce(jobs.found, ended_jobs.found, ',
    replacement: 'coalesce(jobs.found, ',
    killedBy: [
      { file: subjects, name: 'subjects whose rows an earlier version has deleted are deleted page by page' },
    ],
    why: 'The sweep would delete the subjects of ended jobs, which an erasure would no longer find.',
  },
]

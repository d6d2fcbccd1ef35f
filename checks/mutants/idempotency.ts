import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

/** Mutants of a mutation: its key, its transaction, its commit and the outcome. */
export const idempotencyMutants: readonly Mutant[] = [
  {
    name: 'fingerprint: without the query',
    file: `${src}/effects/idempotency/fingerprint.ts`,
    text: 'path, query, body: body ?? null })',
    replacement: 'path, body: body ?? null })',
    killedBy: [{ file: `${src}/effects/idempotency/fingerprint.test.ts`, name: 'requests that differ in' }],
    why: 'A key that is reused with another query string would get the answer to the first request.',
  },
  {
    name: 'fingerprint: without the path',
    file: `${src}/effects/idempotency/fingerprint.ts`,
    text: 'path, query, body: body ?? null })',
    replacement: 'query, body: body ?? null })',
    killedBy: [{ file: `${src}/effects/idempotency/fingerprint.test.ts`, name: 'requests that differ in' }],
    why: 'A key that is reused for another account would get the answer to the first request.',
  },
  {
    name: 'key ring: no overlap at a boundary',
    file: `${src}/effects/idempotency/key-ring.ts`,
    text: 'const overlapMs = 15 * 60_000',
    replacement: 'const overlapMs = 0',
    killedBy: [
      {
        file: `${src}/effects/idempotency/key-ring.test.ts`,
        name: 'two attempts with one key share a leaf that both write, if they can overlap',
      },
    ],
    why: 'Two attempts on both sides of a boundary would write different leaves, and both would commit.',
  },
  {
    name: 'key ring: one leaf written at a boundary',
    file: `${src}/effects/idempotency/key-ring.ts`,
    text: 'const write = first === last ? [first] : [first, last]',
    replacement: 'const write = [last]',
    killedBy: [
      {
        file: `${src}/effects/idempotency/rotate-ring.postgres.test.ts`,
        name: 'a key that is not a UUIDv7 is found across the boundary of two slots',
      },
    ],
    why: 'No primary key would decide between two attempts on both sides of a boundary.',
  },
  {
    name: 'key ring: a leaf truncated in the last hour of its slot',
    file: `${src}/effects/idempotency/key-ring.ts`,
    text: 'return isLate || !this.#isSettledAt(nowMs) ?',
    replacement: 'return !this.#isSettledAt(nowMs) ?',
    killedBy: [
      { file: `${src}/effects/idempotency/key-ring.test.ts`, name: 'is not written to within half an hour' },
    ],
    why: 'A leaf could be truncated after the first answer of the next slot was written to it.',
  },
  {
    name: 'key ring: a leaf truncated before an earlier width has expired',
    file: `${src}/effects/idempotency/key-ring.ts`,
    text: 'return isLate || !this.#isSettledAt(nowMs) ?',
    replacement: 'return isLate ?',
    killedBy: [
      {
        file: `${src}/effects/idempotency/key-ring.test.ts`,
        name: 'after a change of the width, no leaf is truncated before its answers have expired',
      },
    ],
    why: 'Answers that were stored with an earlier width would be deleted within their retention.',
  },
  {
    name: 'schema epoch: not checked when the answer is stored',
    file: `${src}/effects/idempotency/queries/store-answer.ts`,
    text: 'headers), body, marker, epoch]',
    replacement: 'headers), body, marker, null]',
    killedBy: [
      {
        file: `${src}/effects/idempotency/rotate-ring.postgres.test.ts`,
        name: 'an answer is not stored if the layout has changed since its attempt began',
      },
    ],
    why: 'An attempt that uses an earlier width would commit its answer to a leaf that later attempts do not read.',
  },
  {
    name: 'transaction marker: not checked when the answer is stored',
    file: `${src}/effects/idempotency/queries/store-answer.ts`,
    text: 'headers), body, marker, epoch]',
    replacement: 'headers), body, null, epoch]',
    killedBy: [{ file: `${src}/storage/postgres/transaction/transaction-marker.postgres.test.ts`, name: '' }],
    why: 'A handler that ends its transaction inside a function would commit its effects without its key.',
  },
  {
    name: 'serializable: the answer is read within the transaction',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: '? [[before], statements] :',
    replacement: '? [[statements[0]!, before, ...statements.slice(1)]] :',
    killedBy: [
      {
        file: `${src}/effects/idempotency/final-answers.postgres.test.ts`,
        name: 'serializable mutations of disjoint rows have no conflict over their keys',
      },
    ],
    why: 'Mutations of disjoint rows would fail to serialize because their keys share a page of an index.',
  },
  {
    name: 'final answers: every SQLSTATE may be final',
    file: `${src}/storage/postgres/errors/sql-state.ts`,
    text: "return finalStates.test(sqlStateOf(error) ?? '')",
    replacement: 'return error instanceof Error',
    killedBy: [{ file: `${src}/effects/idempotency/final-answers.postgres.test.ts`, name: '55P03' }],
    why: 'A problem made of a lock timeout would be replayed for the whole retention.',
  },
  {
    name: 'look-up: a key that is locked counts as free',
    file: `${src}/effects/idempotency/look-up-key.ts`,
    text: 'lock.rows[0]?.free !== true',
    replacement: 'false',
    killedBy: [
      {
        file: `${src}/effects/idempotency/replay-refused.postgres.test.ts`,
        name: 'a retry whose first attempt is still running is rejected with Retry-After',
      },
      {
        file: `${src}/effects/idempotency/resolve-commit.postgres.test.ts`,
        name: 'the outcome of a transaction is unknown until it has released the lock of its key',
      },
    ],
    why: 'A transaction that is still committing would be reported as rolled back.',
  },
  {
    name: 'replay after a rejection: without checking the lock',
    file: `${src}/effects/idempotency/replay-refused.ts`,
    text: 'if (found.isRunning) throw',
    replacement: 'if (false) throw',
    killedBy: [
      {
        file: `${src}/effects/idempotency/replay-refused.postgres.test.ts`,
        name: 'a retry whose first attempt is still running is rejected with Retry-After',
      },
    ],
    why: 'A retry would be permanently refused while its first attempt commits.',
  },
  {
    name: 'resolving a commit: without checking the lock',
    file: `${src}/effects/idempotency/resolve-commit.ts`,
    text: 'if (!found.isRunning) return',
    replacement: 'if (true) return',
    killedBy: [
      {
        file: `${src}/effects/idempotency/resolve-commit.postgres.test.ts`,
        name: 'the outcome of a transaction is unknown until it has released the lock of its key',
      },
    ],
    why: 'A COMMIT that is still under way would be reported as rolled back.',
  },
  {
    name: 'commit: its wait has no floor',
    file: `${src}/effects/idempotency/mutation-attempt.ts`,
    text: 'Math.max(leastCommitMs, this.#call.deadline.remainingMs())',
    replacement: 'this.#call.deadline.remainingMs()',
    killedBy: [
      { file: `${src}/effects/idempotency/mutation-attempt.test.ts`, name: 'a call waits for its COMMIT' },
    ],
    why: 'A COMMIT that is sent at the end of a deadline would be cut off, so that its outcome would have to be looked up.',
  },
  {
    name: 'claim: without a statement_timeout',
    file: `${src}/storage/postgres/queries/begin-transaction.ts`,
    text: "set_config('statement_timeout', $1, true)",
    replacement: '$1::text',
    killedBy: [
      {
        file: `${src}/storage/postgres/pool/pool.postgres.test.ts`,
        name: 'a mutation passes its deadline to the database',
      },
    ],
    why: 'A statement would run on after the deadline of its call if the process cannot cancel it.',
  },
  {
    name: 'claim: without a limit of idleness',
    file: `${src}/storage/postgres/queries/begin-transaction.ts`,
    text: "set_config('idle_in_transaction_session_timeout', $2, true)",
    replacement: '$2::text',
    killedBy: [
      {
        file: `${src}/storage/postgres/pool/pool.postgres.test.ts`,
        name: 'a mutation passes its deadline to the database',
      },
    ],
    why: 'A transaction whose process hangs would hold its locks.',
  },
  {
    name: 'claim: a key that is locked counts as claimed',
    file: `${src}/effects/idempotency/mutation-attempt.ts`,
    text: 'if (!row.claimed) throw',
    replacement: 'if (false) throw',
    killedBy: [
      {
        file: `${src}/effects/idempotency/duplicates.postgres.test.ts`,
        name: 'the second of two calls in two processes is rejected immediately with Retry-After',
      },
    ],
    why: 'Two attempts with one key would run at once, and one of them for nothing.',
  },
  {
    name: 'key ring: a leaf is truncated by another width',
    file: `${src}/effects/idempotency/rotate-ring.ts`,
    text: 'if (row?.is_used !== true || row.width_ms !== ring.widthMs) return false',
    replacement: 'if (row?.is_used !== true) return false',
    killedBy: [
      {
        file: `${src}/effects/idempotency/rotate-ring.postgres.test.ts`,
        name: 'a leaf is not truncated if the ring is widened before it is locked',
      },
    ],
    why: 'A process that knows an earlier width would truncate a leaf that is in use.',
  },
  {
    name: 'key ring: widened during a truncation',
    file: `${src}/effects/idempotency/queries/ring.ts`,
    text: 'from holdfast.idempotency_ring for share`',
    replacement: 'from holdfast.idempotency_ring`',
    killedBy: [
      {
        file: `${src}/effects/idempotency/rotate-ring.postgres.test.ts`,
        name: 'the ring is not widened while one of its leaves is truncated',
      },
    ],
    why: 'The leaf could come into use after the width is read and before the leaf is truncated.',
  },
  {
    name: 'primary key: a second final answer is an error',
    file: `${src}/effects/idempotency/mutation-attempt.ts`,
    text: 'if (!claim || !isKeyConstraint(constraintOf(error))) throw error',
    replacement: 'if (claim || !claim) throw error',
    killedBy: [
      {
        file: `${src}/effects/idempotency/duplicates.postgres.test.ts`,
        name: 'an attempt that loses at the last moment returns the winning answer',
      },
    ],
    why: 'If another attempt commits first, this attempt would get an error instead of the stored answer.',
  },
  {
    name: 'replay: of another request',
    file: `${src}/effects/idempotency/stored-answer.ts`,
    text: 'if (!fingerprint.equals(claim.fingerprint)) throw IdempotencyKeyReused()\n',
    replacement: '\n',
    killedBy: [
      {
        file: `${src}/effects/idempotency/safe-mutation.postgres.test.ts`,
        name: 'a finished key with a different payload gets a 422, and nothing runs',
      },
    ],
    why: 'A client that reuses a key would get the answer of its other payment.',
  },
  {
    name: 'key: without its caller',
    file: `${src}/effects/idempotency/key-id.ts`,
    text: 'JSON.stringify([service, scope, key])',
    replacement: 'JSON.stringify([service, scope && undefined, key])',
    killedBy: [
      {
        file: `${src}/effects/idempotency/safe-mutation.postgres.test.ts`,
        name: 'a key belongs to its caller and tenant: no other caller reads the answer',
      },
    ],
    why: 'A tenant could read the answer of another one by guessing its key.',
  },
  {
    name: 'final answers: 429 is final',
    file: `${src}/kernel/problem/is-final.ts`,
    text: 'error.status < 500 && !transientStatuses.has(error.status)',
    replacement: 'error.status < 500',
    killedBy: [
      {
        file: `${src}/effects/idempotency/safe-mutation.postgres.test.ts`,
        name: 'a problem that is not final is not stored, and a retry runs again',
      },
    ],
    why: 'A payment that was rate limited once could never be made with its key.',
  },
  {
    name: 'final answers: of a deadlock',
    file: `${src}/effects/idempotency/mutation-attempt.ts`,
    text: '    if (transientFailure !== undefined) throw transientFailure\n',
    replacement: '    void transientFailure\n',
    killedBy: [
      {
        file: `${src}/effects/idempotency/transaction.postgres.test.ts`,
        name: 'a problem that a handler derived from a deadlock is not final',
      },
    ],
    why: 'A handler that turns every error into a problem would not be run again after a deadlock.',
  },
  {
    name: 'key: its age is not checked',
    file: `${src}/effects/idempotency/key-claim.ts`,
    text: '  if (madeAtMs !== undefined) checkTime(madeAtMs, nowMs, retentionMs)\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/effects/idempotency/safe-mutation.postgres.test.ts`,
        name: 'a UUIDv7 older than the retention gets a 422',
      },
    ],
    why: 'A key whose answer may have been truncated would run its request again.',
  },
  {
    name: 'key: a key from the future',
    file: `${src}/effects/idempotency/key.ts`,
    text: 'if (aheadMs <= maxAheadMs) return',
    replacement: 'return',
    killedBy: [
      {
        file: `${src}/effects/idempotency/key.test.ts`,
        name: 'a key more than five minutes in the future is invalid',
      },
    ],
    why: 'When the time of the key has come, it would be looked up in another leaf, and its request would run again.',
  },
  {
    name: 'claim: a clock that was wrong counts',
    file: `${src}/effects/idempotency/mutation-attempt.ts`,
    text: 'return isPlaced && ring.epoch === row.epoch ? row',
    replacement: 'return ring.epoch === row.epoch ? row',
    killedBy: [
      {
        file: `${src}/effects/idempotency/rotate-ring.postgres.test.ts`,
        name: 'a process whose clock was wrong locates its key again',
      },
    ],
    why: 'The answer would be written to a leaf in which no other attempt looks for it.',
  },
  {
    name: 'final answers: a problem keeps its effects',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: '    await this.rollBack()\n    const own',
    replacement: '    const own',
    killedBy: [
      {
        file: `${src}/effects/idempotency/safe-mutation.postgres.test.ts`,
        name: 'a business problem is final: stored without its effects',
      },
    ],
    why: 'A request that was refused would have effects.',
  },
  {
    name: 'serializable: a problem keeps its effects',
    file: `${src}/storage/postgres/transaction/transaction.ts`,
    text: 'ROLLBACK TO SAVEPOINT holdfast_start',
    replacement: 'RELEASE SAVEPOINT holdfast_start',
    killedBy: [
      {
        file: `${src}/effects/idempotency/final-answers.postgres.test.ts`,
        name: 'a problem of a serializable mutation is replayed, and the effects of its handler are rolled back',
      },
    ],
    why: 'A request that was refused would have effects.',
  },
  {
    name: 'rerun: with the input as changed by the handler',
    file: `${src}/effects/idempotency/received-input.ts`,
    text: 'return call.readInput ?? copiesOf(call.wire)',
    replacement: 'return () => call.wire',
    killedBy: [
      {
        file: `${src}/effects/idempotency/rerun.postgres.test.ts`,
        name: 'gets the original input unchanged',
      },
    ],
    why: 'The second run would see the changes of the first, which was rolled back.',
  },
  {
    name: 'rerun: with the input of a direct call as changed by the handler',
    file: `${src}/effects/idempotency/received-input.ts`,
    text: '  return () => structuredClone(kept)',
    replacement: '  return () => wire',
    killedBy: [
      {
        file: `${src}/effects/idempotency/rerun.postgres.test.ts`,
        name: 'gets the original input unchanged without a transport',
      },
    ],
    why: 'The second run would see the changes of the first, which was rolled back.',
  },
]

import type { Call } from '../../kernel/call/call.ts'
import { untilAborted } from '../../kernel/base/cancellation.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import { commitPatienceMs } from './commit.ts'
import type { KeyClaim } from './key-claim.ts'
import type { AttemptParts } from './mutation-parts.ts'
import { IdempotencyKeyInFlight } from './problems.ts'
import { type AnswerRow, readAnswer } from './queries/answers.ts'
import { claim as claimKey, claimLock, type ClaimRow, type LockRow } from './queries/claim.ts'
import { limit, type TransactionLimits } from './queries/limit.ts'
import type { SchemaEpochRow } from '../../storage/postgres/queries/read-schema-epoch.ts'
import type { TransactionMarker } from '../../storage/postgres/transaction/transaction-marker.ts'

// How much longer than its call a transaction may stay idle if its process cannot end it.
const idleGraceMs = 1_000

/** The savepoint at the start of a serializable transaction with a key. */
export const startSavepoint = 'holdfast_start'

/** The state in which a transaction begins. */
export interface Beginning {
  /** The answer of the key, if it has one. */
  readonly stored?: AnswerRow
  /** The schema epoch that must still hold at the commit; `undefined` if any may. */
  readonly epoch: number | undefined
}

/**
 * Begins the transaction of a mutation and claims its key, in one round trip. Returns `undefined`
 * if the key was looked up in an outdated layout of the ring. Throws `IdempotencyKeyInFlight` if
 * another attempt holds the key.
 */
export async function begin(
  call: Call,
  connection: Connection,
  parts: AttemptParts & { readonly marker: TransactionMarker },
): Promise<Beginning | undefined> {
  const { claim, marker } = parts
  const limits = limitsOf(call, marker)
  if (!claim) return beginWithoutKey(call, connection, limits)
  const row = await (call.operation.isolation === 'serializable'
    ? beginSerializable(call, connection, { ...parts, claim, limits })
    : beginAndRead(call, connection, { ...parts, claim, limits }))
  const epoch = connection.enterSchemaEpoch(row.epoch) ?? row.epoch
  const isPlaced = parts.ring.correct(row.now_ms)
  if (!isPlaced || parts.ring.epoch !== row.epoch) return undefined
  if (row.fingerprint) return { stored: { ...row, fingerprint: row.fingerprint }, epoch }
  if (!row.claimed) throw IdempotencyKeyInFlight()
  return { epoch }
}

function limitsOf(call: Call, marker: TransactionMarker): TransactionLimits {
  const timeoutMs = Math.max(1, Math.ceil(call.deadline.remainingMs()))
  const idleTimeoutMs = timeoutMs + idleGraceMs
  return { timeoutMs, idleTimeoutMs, lifetimeMs: idleTimeoutMs + commitPatienceMs, marker }
}

async function beginWithoutKey(
  call: Call,
  connection: Connection,
  limits: TransactionLimits,
): Promise<Beginning> {
  const begun = connection.together(() =>
    Promise.all([connection.run(beginStatement(call)), connection.run<SchemaEpochRow>(limit(limits))]),
  )
  const [, { rows }] = await untilAborted(begun, call.deadline)
  return { epoch: connection.enterSchemaEpoch(rows[0]!.epoch) }
}

type Claiming = AttemptParts & { readonly claim: KeyClaim; readonly limits: TransactionLimits }

async function beginAndRead(
  call: Call,
  connection: Connection,
  { claim, limits, place }: Claiming,
): Promise<ClaimRow> {
  const claiming = claimKey({ ...limits, lockId: claim.lockId, id: claim.id, read: place.read })
  const begun = connection.together(() =>
    Promise.all([connection.run(beginStatement(call)), connection.run<ClaimRow>(claiming)]),
  )
  const [, { rows }] = await untilAborted(begun, call.deadline)
  return rows[0]!
}

/**
 * Reads the answer before BEGIN, as a separate statement: read in a serializable transaction, keys
 * that share an index page would make their mutations conflict. If an answer is committed in
 * between, this attempt violates the primary key when it stores its own.
 */
async function beginSerializable(
  call: Call,
  connection: Connection,
  { claim, limits, place }: Claiming,
): Promise<ClaimRow> {
  const claiming = claimLock({ ...limits, lockId: claim.lockId, id: claim.id, read: place.read })
  const begun = connection.together(() =>
    Promise.all([
      connection.run<AnswerRow>(readAnswer(claim.id, place.read)),
      connection.run(beginStatement(call)),
      connection.run<LockRow>(claiming),
      connection.run({ text: `SAVEPOINT ${startSavepoint}` }),
    ]),
  )
  const [answer, , lock] = await untilAborted(begun, call.deadline)
  const stored = answer.rows[0]
  return { ...noAnswer, ...stored, ...lock.rows[0]! }
}

const noAnswer = { fingerprint: null, status: 0, headers: {}, body: null }

function beginStatement(call: Call): { readonly text: string } {
  return beginStatements[call.operation.isolation]
}

const beginStatements = {
  'read committed': { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' },
  'repeatable read': { text: 'BEGIN ISOLATION LEVEL REPEATABLE READ' },
  serializable: { text: 'BEGIN ISOLATION LEVEL SERIALIZABLE' },
}

import type { Answer } from '../../kernel/operation/answer.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Operation } from '../../kernel/operation/operation.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import { type AnswerSeal, isSealed, type OpenedAnswer } from './answer-seal.ts'
import type { KeyClaim } from './key-claim.ts'
import { IdempotencyAnswerErased, IdempotencyKeyReused } from './problems.ts'
import type { AnswerRow } from './queries/answers.ts'
import type { StoreParameters } from './queries/store-answer.ts'

/** The header that marks a replayed answer. */
const replayedHeader = 'idempotency-replayed'

const maxBytes = 256 * 1024
const storedHeaders = ['content-type', 'location', 'etag', 'link']
/**
 * Headers that sealed answers have in addition, because an answer with cookies must not be cached.
 */
const sealedHeaders = ['cache-control']
/**
 * Headers that are valid only for one connection or one moment. They are never stored, even if a
 * problem declares them.
 */
const neverStored = new Set(['set-cookie', 'date'])
/** The stored form of an operation's answers. */
export interface StoredForm {
  readonly operation: Operation
  /** Names of the stored headers. */
  readonly kept: ReadonlySet<string>
  /** Seals the answers; `undefined` if they are stored in plain text. */
  readonly seal: AnswerSeal | undefined
}

/**
 * Returns the stored form of an operation's answers. It contains the headers that describe the
 * content, and those that the operation and its problems declare.
 */
export function storedFormOf(operation: Operation, seal: AnswerSeal): StoredForm {
  const declared = [
    ...Object.keys(operation.headers).map((name) => name.toLowerCase()),
    ...operation.problems.flatMap((type) => Object.keys(type.headers)),
  ]
  const stored = [...storedHeaders, ...declared, ...(operation.isSealed ? sealedHeaders : [])]
  return {
    operation,
    kept: new Set(stored.filter((name) => !neverStored.has(name))),
    seal: operation.isSealed ? seal : undefined,
  }
}

/** The key for which an answer is stored. */
export interface AnsweredKey {
  readonly claim: KeyClaim
  /** The ids of the key's subjects. */
  readonly subjects: readonly string[]
  readonly form: StoredForm
}

/**
 * Returns the row of a final answer.
 *
 * @throws HoldfastError `idempotency-answer-too-large` if the answer is larger than 256 KiB.
 */
export function toStored(answer: Answer, { claim, subjects, form }: AnsweredKey): StoreParameters {
  const { operation, kept, seal } = form
  const bytes = answer.body === null ? 0 : Buffer.byteLength(answer.body)
  if (bytes > maxBytes) {
    throw new HoldfastError(
      'idempotency-answer-too-large',
      `The answer of ${operation.route.method} ${operation.route.path} (${operation.definedAt}) is ${bytes} bytes long, but at most ${maxBytes} bytes can be stored for retries. Return less, such as an id and a Location to read.`,
    )
  }
  const headers: Record<string, string> = {}
  for (const name in answer.headers) if (kept.has(name)) headers[name] = answer.headers[name]!
  return {
    id: claim.id,
    service: claim.service,
    scope: claim.scope,
    key: claim.key,
    fingerprint: claim.fingerprint,
    status: answer.status,
    headers,
    body: answer.body,
    subjects,
    ...seal?.seal(answer, headers, claim),
  }
}

/**
 * Returns a stored answer, marked as replayed. Throws `IdempotencyAnswerErased` if the answer was
 * erased, `IdempotencyAnswerUnreadable` if it cannot be decrypted, and `IdempotencyKeyReused` if it
 * belongs to a different request.
 */
export function replay(stored: AnswerRow, claim: KeyClaim, seal: AnswerSeal): Answer {
  const answer = restore(stored, claim, seal)
  return { ...answer, headers: { ...answer.headers, [replayedHeader]: 'true' } }
}

/**
 * Returns whether a stored answer may belong to a request. True if the answer was erased or cannot
 * be decrypted, since its request is then unknown.
 */
export function mayBeOf(stored: AnswerRow, claim: KeyClaim, seal: AnswerSeal): boolean {
  try {
    restore(stored, claim, seal)
    return true
  } catch (error) {
    return !(error instanceof ProblemError) || error.code !== IdempotencyKeyReused.code
  }
}

/** Returns whether an answer was replayed. */
export function isReplayed({ headers }: Answer): boolean {
  return headers[replayedHeader] !== undefined
}

/**
 * Returns a stored answer in its original form. Throws as {@link replay} does.
 */
export function restore(stored: AnswerRow, claim: KeyClaim, seal: AnswerSeal): Answer {
  // An erased row has no fingerprint, since the request could be guessed from it.
  if (stored.fingerprint.length === 0) throw IdempotencyAnswerErased()
  const { fingerprint, answer } = isSealed(stored) ? seal.open(stored, claim) : plainAnswer(stored)
  if (!fingerprint.equals(claim.fingerprint)) throw IdempotencyKeyReused()
  return answer
}

function plainAnswer({ fingerprint, status, headers, body }: AnswerRow): OpenedAnswer {
  return { fingerprint, answer: { status, headers, body } }
}

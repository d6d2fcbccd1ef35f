import type { Answer } from '../kernel/answer.ts'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { Operation } from '../kernel/operation.ts'
import { ProblemError } from '../kernel/problem.ts'
import type { KeyClaim } from './key-claim.ts'
import { IdempotencyKeyReused } from './problems.ts'
import type { AnswerRow } from './queries/answers.ts'
import type { StoreParameters } from './queries/store-answer.ts'

/** Marks an answer that was given before. */
const replayedHeader = 'idempotency-replayed'

const maxBytes = 256 * 1024
const storedHeaders = ['content-type', 'location', 'etag', 'link']
/** Belong to one connection or moment, whoever declares them. */
const neverStored = new Set(['set-cookie', 'date'])
/** Statuses of the 4xx class that say "not now" rather than "no". */
const transientStatuses = new Set([408, 425, 429])

/** Whether a failure is the operation's final word: a problem of the 4xx class that its handler came to. */
export function isFinal(error: unknown): error is ProblemError {
  return error instanceof ProblemError && error.status < 500 && !transientStatuses.has(error.status)
}

/** What is kept of an operation's answers. */
export interface StoredForm {
  readonly operation: Operation
  /** The names of the headers. */
  readonly kept: ReadonlySet<string>
}

/** What is kept of the answers of an operation: their headers as far as its problems declare them or they describe the content. */
export function storedFormOf(operation: Operation): StoredForm {
  const declared = operation.problems.flatMap((type) => Object.keys(type.headers))
  return {
    operation,
    kept: new Set([...storedHeaders, ...declared].filter((name) => !neverStored.has(name))),
  }
}

/**
 * The row of a final answer.
 *
 * @throws HoldfastError `idempotency-answer-too-large` above 256 KiB.
 */
export function toStored(answer: Answer, claim: KeyClaim, { operation, kept }: StoredForm): StoreParameters {
  const bytes = answer.body === null ? 0 : Buffer.byteLength(answer.body)
  if (bytes > maxBytes) {
    throw new HoldfastError(
      'idempotency-answer-too-large',
      `The answer of ${operation.route.method} ${operation.route.path} (${operation.place}) has ${bytes} bytes; ${maxBytes} can be kept for its retries. Answer with less, such as an id and a Location to read.`,
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
  }
}

/** A stored answer, given again byte for byte. Throws `IdempotencyKeyReused` where it was another request's. */
export function replay(stored: AnswerRow, claim: KeyClaim): Answer {
  const { status, headers, body } = restore(stored, claim)
  return { status, headers: { ...headers, [replayedHeader]: 'true' }, body }
}

/** Whether an answer is one that was given before. */
export function isReplayed({ headers }: Answer): boolean {
  return headers[replayedHeader] !== undefined
}

/** A stored answer as it was first given. Throws `IdempotencyKeyReused` where it was another request's. */
export function restore(stored: AnswerRow, claim: KeyClaim): Answer {
  if (!stored.fingerprint.equals(claim.fingerprint)) throw IdempotencyKeyReused()
  return { status: stored.status, headers: stored.headers, body: stored.body }
}

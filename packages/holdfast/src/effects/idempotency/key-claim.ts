import type { Call } from '../../kernel/call/call.ts'
import { scopeOf } from '../../kernel/operation/caller.ts'
import { defaultKeyHeader } from '../../kernel/operation/operation.ts'
import { canonicalRequest, fingerprintOf } from './fingerprint.ts'
import { checkTime, parseKey, timeOf } from './key.ts'
import { keyIdOf, lockIdOf } from './key-id.ts'
import { IdempotencyKeyMissing } from './problems.ts'
import { requireUnguessable } from './unguessable-key.ts'

/** An idempotency key with its request and its caller. */
export interface KeyClaim {
  /** Name of the service that the key was sent to. */
  readonly service: string
  /** The caller, as returned by {@link scopeOf}: each caller has separate keys. */
  readonly scope: string
  /** The key itself. It must be neither stored nor logged if the answer is sealed. */
  readonly key: string
  /** Hash of service, scope and key: the primary key of the stored answer. */
  readonly id: string
  /** Id of the advisory lock that an attempt holds while it runs. */
  readonly lockId: string
  /**
   * The time in a UUIDv7 key, in milliseconds since the Unix epoch; `undefined` for any other key.
   */
  readonly madeAtMs: number | undefined
  /** Hash of the {@link canonicalRequest}. */
  readonly fingerprint: Buffer
}

/** Context of {@link readKeyClaim}. */
export interface KeyContext {
  readonly service: string
  /** The database's time, in milliseconds since the Unix epoch. */
  readonly nowMs: number
  /** Retention of answers, in milliseconds. */
  readonly retentionMs: number
}

/**
 * Reads the key of a call. Returns `undefined` if the key is absent and optional. Throws
 * `IdempotencyKeyMissing`, `IdempotencyKeyInvalid`, `IdempotencyKeyGuessable` or
 * `IdempotencyKeyExpired`.
 */
export function readKeyClaim(call: Call, { service, nowMs, retentionMs }: KeyContext): KeyClaim | undefined {
  const { idempotencyHeader, idempotency, route, isSealed } = call.operation
  const header = call.header(idempotencyHeader)
  if (header === undefined) {
    if (idempotency === 'required') throw IdempotencyKeyMissing()
    return undefined
  }
  const key = parseKey(header)
  if (isSealed) requireUnguessable(key, nowMs)
  // An id in a custom header was not made as an idempotency key, so its timestamp does not show
  // when the first request was sent.
  const madeAtMs = idempotencyHeader === defaultKeyHeader ? timeOf(key) : undefined
  if (madeAtMs !== undefined) checkTime(madeAtMs, nowMs, retentionMs)
  const scope = scopeOf(call.caller)
  const id = keyIdOf(service, scope, key)
  return {
    service,
    scope,
    key,
    id,
    lockId: lockIdOf(id),
    madeAtMs,
    fingerprint: fingerprintOf(canonicalRequest(route, call.wire)),
  }
}

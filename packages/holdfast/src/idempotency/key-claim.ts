import type { Call } from '../kernel/call.ts'
import { scopeOf } from '../kernel/caller.ts'
import { defaultKeyHeader } from '../kernel/operation.ts'
import { canonicalRequest, fingerprintOf, lockIdOf } from './fingerprint.ts'
import { parseKey, refuseExpired } from './key.ts'
import { IdempotencyKeyMissing } from './problems.ts'

/** A key with what it was sent for, and by whom. */
export interface KeyClaim {
  /** Whose key it is: no caller meets another's. */
  readonly scope: string
  readonly key: string
  /** Of what it was sent for, as {@link canonicalRequest} spells it. */
  readonly fingerprint: Buffer
  /** The advisory lock that an attempt holds while it runs. */
  readonly lockId: string
}

/**
 * Reads the key of a call; `undefined` where it has none and its operation allows that. Throws `IdempotencyKeyMissing`,
 * `IdempotencyKeyInvalid` and `IdempotencyKeyExpired`.
 */
export function readKeyClaim(call: Call, nowMs: number, retentionMs: number): KeyClaim | undefined {
  const header = call.header(call.operation.keyHeader)
  if (header === undefined) {
    if (call.operation.idempotency === 'required') throw IdempotencyKeyMissing()
    return undefined
  }
  const key = parseKey(header)
  // An id that callers have for something else says nothing of when it was first sent here.
  if (call.operation.keyHeader === defaultKeyHeader) refuseExpired(key, nowMs, retentionMs)
  const scope = scopeOf(call.caller)
  return {
    scope,
    key,
    fingerprint: fingerprintOf(canonicalRequest(call.operation.route, call.wire)),
    lockId: lockIdOf(scope, key),
  }
}

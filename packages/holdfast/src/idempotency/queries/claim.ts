import type { TransactionLimits } from './limit.ts'
import { schemaEpoch, type SchemaEpochRow } from '../../postgres/queries/read-schema-epoch.ts'
import { limitTransaction } from '../../postgres/queries/limit-transaction.ts'
import type { Statement } from '../../postgres/statement.ts'

/** What {@link claim} asks with. */
export interface ClaimParameters extends TransactionLimits {
  readonly lockId: string
  readonly scope: string
  readonly key: string
}

/** What {@link claim} finds: the schema epoch, whether the key is ours, and its stored answer where there is one. */
export interface ClaimRow extends SchemaEpochRow {
  readonly claimed: boolean
  readonly fingerprint: Buffer | null
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string | null
}

/**
 * Begins a transaction with a key: sets its time limits, reads the schema epoch, takes the key's lock if it is free, and reads the
 * stored answer, all in the round trip of BEGIN. Should the BEGIN before it have failed, it changes nothing.
 */
export function claim({
  timeoutMs,
  idleTimeoutMs,
  lifetimeMs,
  lockId,
  scope,
  key,
}: ClaimParameters): Statement {
  return {
    name: 'holdfast_claim',
    text: `
      select
        set_config('statement_timeout', $1, true),
        set_config('idle_in_transaction_session_timeout', $2, true),
        ${limitTransaction('$6')},
        ${schemaEpoch} as epoch,
        pg_try_advisory_xact_lock($3::bigint) as claimed,
        stored.fingerprint, stored.status, stored.headers, stored.body
      from (values (1)) as one
      left join holdfast.idempotency_keys as stored on stored.scope = $4 and stored.key = $5`,
    values: [String(timeoutMs), String(idleTimeoutMs), lockId, scope, key, String(lifetimeMs)],
  }
}

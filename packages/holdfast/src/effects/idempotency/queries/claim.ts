import {
  limitColumns,
  limitValues,
  type TransactionLimits,
} from '../../../storage/postgres/queries/begin-transaction.ts'
import type { SchemaEpochRow } from '../../../storage/postgres/queries/read-schema-epoch.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { type AnswerRow, answerIn, perLeaves } from './answers.ts'

/** Parameters of {@link claim} and {@link claimLock}. */
export interface ClaimParameters {
  readonly limits: TransactionLimits
  readonly marker: string
  readonly lockId: string
  readonly id: string
  /** The leaves that may hold the answer. */
  readonly read: readonly number[]
}

/** The row of {@link claimLock}. */
export interface LockRow extends SchemaEpochRow {
  /** True if no other transaction holds the key. */
  readonly claimed: boolean
  /** The database's clock, in milliseconds since the Unix epoch. */
  readonly now_ms: number
}

/** The row of {@link claim}. The columns of the stored answer are `null` if no answer is stored. */
export interface ClaimRow extends LockRow, Omit<AnswerRow, 'fingerprint'> {
  readonly fingerprint: Buffer | null
}

const lockColumns = `${limitColumns},
        date_part('epoch', clock_timestamp()) * 1000 as now_ms,
        pg_try_advisory_xact_lock($5::bigint) as claimed`

const claimText = perLeaves((leaves) => ({
  name: `holdfast_claim_${leaves.join('_')}`,
  text: `
      select ${lockColumns}, stored.*
      from (select * from (${answerIn(leaves, '$6')}) as found limit 1) as stored
      right join (values (1)) as one on true`,
}))

const lockText = { name: 'holdfast_claim_lock', text: `select ${lockColumns}` }

/**
 * Sets the timeouts and the marker of a transaction, takes the key's lock if it is free, and reads
 * the stored answer. The statement is sent with BEGIN, and has no effect if BEGIN fails.
 */
export function claim(parameters: ClaimParameters): Statement {
  return { ...claimText(parameters.read), values: [...lockValues(parameters), parameters.id] }
}

/**
 * Does the same as {@link claim}, but does not read the answer. A serializable transaction must not
 * read the answer, because it would conflict with mutations whose keys are on the same index page.
 */
export function claimLock(parameters: ClaimParameters): Statement {
  return { ...lockText, values: lockValues(parameters) }
}

function lockValues({ limits, marker, lockId }: ClaimParameters): unknown[] {
  return [...limitValues(limits, marker), lockId]
}

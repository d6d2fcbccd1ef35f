import {
  type TransactionCheck,
  transactionHolds,
} from '../../../storage/postgres/queries/check-transaction.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { leafName, perLeaves } from './answers.ts'
import { subjectsName } from './key-subjects.ts'

/** The row of an answer. */
export interface StoreParameters {
  readonly id: string
  readonly service: string
  readonly scope: string
  readonly key: string
  readonly fingerprint: Buffer
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** The ids of the answer's subjects. */
  readonly subjects: readonly string[]
}

const names = 'id, service, scope, key, fingerprint, status, headers, body'
const columns = `(${names})`
const copyColumns = `(${names}, is_copy)`

const holds = transactionHolds('$9', '$10')

const answerRow = `answer ${columns} as materialized (
        select $1::uuid, $2::text, $3::text, $4::text, $5::bytea, $6::smallint, $7::jsonb, $8::text
        where ${holds}
      )`

// One statement writes to all leaves, so the answer is stored in every leaf or in no leaf.
const storeText = perLeaves((leaves) => {
  const [last, ...others] = leaves.toReversed()
  const around = others.map(
    (leaf, index) =>
      `also_${index} as (insert into ${leafName(leaf)} ${copyColumns} select *, true from answer)`,
  )
  return {
    name: `holdfast_store_answer_${leaves.join('_')}`,
    text:
      others.length === 0
        ? `
      insert into ${leafName(last!)} ${columns}
      select $1, $2, $3, $4, $5, $6, $7, $8 where ${holds}`
        : `
      with ${answerRow}, ${around.join(', ')}
      insert into ${leafName(last!)} ${columns} select * from answer`,
  }
})

// If a process of an earlier version truncated a leaf, the leaf's table of subjects may still have
// rows with this key. They are kept.
const storeWithSubjectsText = perLeaves((leaves) => {
  const [last, ...others] = leaves.toReversed()
  const inserts = [
    ...others.map((leaf) => `insert into ${leafName(leaf)} ${copyColumns} select *, true from answer`),
    ...leaves.map(
      (leaf) => `
        insert into ${subjectsName(leaf)} (subject, service, id)
        select subject, service, id from answer, unnest($11::uuid[]) as subject
        on conflict do nothing`,
    ),
  ]
  return {
    name: `holdfast_store_answer_subjects_${leaves.join('_')}`,
    text: `
      with ${answerRow}, ${inserts.map((insert, index) => `also_${index} as (${insert})`).join(', ')}
      insert into ${leafName(last!)} ${columns} select * from answer`,
  }
})

/** Writes the final answer of a key to its leaves. Fails whenever `checkTransaction` would fail. */
export function storeAnswer(
  answer: StoreParameters,
  leaves: readonly number[],
  { marker, epoch }: TransactionCheck,
): Statement {
  const { id, service, scope, key, fingerprint, status, headers, body, subjects } = answer
  const row = [id, service, scope, key, fingerprint, status, JSON.stringify(headers), body, marker, epoch]
  return subjects.length === 0
    ? { ...storeText(leaves), values: row }
    : { ...storeWithSubjectsText(leaves), values: [...row, subjects] }
}

/**
 * Returns true if a constraint is the primary key of a leaf, which a second final answer for a key
 * violates.
 */
export function isKeyConstraint(constraint: string | undefined): boolean {
  return constraint !== undefined && /^idempotency_keys_\d_pkey$/.test(constraint)
}

import { schemaEpoch } from '../../../storage/postgres/queries/read-schema-epoch.ts'
import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import { leafCount } from '../key-ring.ts'
import { leafName } from './answers.ts'
import { subjectsName } from './key-subjects.ts'

/** Reads the ring's layout. */
export function readRing(): Statement {
  return {
    text: `
      select
        width_ms::double precision as width_ms, since_ms::double precision as since_ms,
        (extract(epoch from clock_timestamp()) * 1000)::double precision as now_ms, ${schemaEpoch} as epoch
      from holdfast.idempotency_ring`,
  }
}

/**
 * Widens the ring's slots, if they are narrower than `widthMs`. If the ring is empty, the new width
 * applies to all slots, since no answer was stored with a different width.
 */
export function widenRing(widthMs: number): Statement {
  const leaves = Array.from({ length: leafCount }, (_, leaf) => `exists (select from ${leafName(leaf)})`)
  return {
    text: `
      update holdfast.idempotency_ring set
        width_ms = $1,
        since_ms = case when ${leaves.join(' or ')}
          then (extract(epoch from clock_timestamp()) * 1000)::bigint else 0 end
      where width_ms < $1`,
    values: [widthMs],
  }
}

/** Begins a new schema epoch. Attempts that started with an earlier layout can no longer commit. */
export function renewSchemaEpoch(): Statement {
  return { text: 'truncate holdfast.schema_epoch' }
}

/**
 * Reads whether a leaf is in use (its size is above zero), and locks the layout until the commit.
 */
export function lockLeaf(leaf: number): Statement {
  return {
    text: `
      select pg_relation_size($1::regclass) > 0 as is_used, width_ms::double precision as width_ms
      from holdfast.idempotency_ring for share`,
    values: [leafName(leaf)],
  }
}

/** Truncates a leaf, and the table with its keys' subjects. */
export function truncateLeaf(leaf: number): Statement {
  return { text: `truncate ${leafName(leaf)}, ${subjectsName(leaf)}` }
}

import type { Statement } from '../../postgres/statement.ts'
import type { MessageRow } from '../message-row.ts'

/**
 * Inserts messages in their order; to be sent right before COMMIT. It locks their keys until then, in one order for all, before it numbers
 * them: whoever publishes for one of the keys next gets a higher number, and commits later.
 */
export function insertMessages(rows: readonly MessageRow[], traceparent: string | undefined): Statement {
  return {
    name: 'holdfast_insert_messages',
    text: `
      with locked as materialized (
        select pg_advisory_xact_lock(id) from (
          select distinct hashtextextended('holdfast message ' || key, 0) as id
          from unnest($3::text[]) as keys (key)
          order by 1
        ) as ids
      )
      insert into holdfast.messages (id, event, key, payload, traceparent)
      select id, event, key, payload::json, $5
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
        with ordinality as row (id, event, key, payload, n)
      where (select count(*) from locked) > 0
      order by n`,
    values: [
      rows.map(({ id }) => id),
      rows.map(({ event }) => event),
      rows.map(({ key }) => key),
      rows.map(({ payload }) => payload),
      traceparent ?? null,
    ],
  }
}

import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { MessageRow } from '../message-row.ts'

/**
 * Number of locks shared by all message keys. With one lock per key, a transaction with tens of
 * thousands of keys would exhaust the server's lock table (64 × max_connections by default).
 * Publishers whose keys share a lock wait for each other's commit, which takes one round trip.
 */
const lockBuckets = 1_024

/**
 * Inserts messages in order, right before COMMIT. The statement locks the keys of the messages, in
 * the same order in all transactions, before it takes sequence numbers. So the next publisher of
 * one of these keys gets a higher number, and commits later.
 */
export function insertMessages(
  rows: readonly MessageRow[],
  { service, traceparent }: { readonly service: string; readonly traceparent: string | undefined },
): Statement {
  const subjects = rows.some((row) => row.subjects !== undefined) ? rows.map(subjectsOf) : undefined
  return {
    name: subjects ? 'holdfast_insert_messages_with_subjects' : 'holdfast_insert_messages',
    text: `
      with locked as materialized (
        select pg_advisory_xact_lock(hashtextextended('holdfast messages', 0) # bucket) from (
          select distinct hashtextextended(key, 0) & ${lockBuckets - 1} as bucket
          from unnest($3::text[]) as keys (key)
          order by 1
        ) as buckets
      )
      insert into holdfast.messages (id, service, event, key, payload, traceparent${subjects ? ', subjects' : ''})
      select id, $6, event, key, payload::json, $5${subjects ? ', subjects::text[]' : ''}
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]${subjects ? ', $7::text[]' : ''})
        with ordinality as row (id, event, key, payload${subjects ? ', subjects' : ''}, n)
      where (select count(*) from locked) > 0
      order by n`,
    values: [
      rows.map(({ id }) => id),
      rows.map(({ event }) => event),
      rows.map(({ key }) => key),
      rows.map(({ payload }) => payload),
      traceparent ?? null,
      service,
      ...(subjects ? [subjects] : []),
    ],
  }
}

/**
 * Returns the subjects of a message as the text of a Postgres array. An array of arrays cannot be
 * used instead, because its inner arrays would need equal lengths.
 */
function subjectsOf({ subjects }: MessageRow): string | null {
  if (subjects === undefined) return null
  return `{${subjects.map((subject) => `"${subject.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`
}

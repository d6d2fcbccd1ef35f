import type pg from 'pg'
import { isOfKey } from './invariants.ts'

/**
 * Returns the number of ledger jobs that have not ended plus the number of undispatched messages.
 */
export async function countUnfinished(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ count: number }>(`
    select (select count(*) from holdfast.all_jobs where finished_at is null)::int
      + (select count(*) from holdfast.messages where position is null)::int as count`)
  return rows[0]!.count
}

/**
 * Returns the broken invariants of the background work of transfers. All of this work must be done.
 * Each transfer must have one job, one receipt and one message, and must be counted once. There
 * must be no job, receipt or message without a transfer.
 */
export async function findJobViolations(database: pg.Client): Promise<readonly string[]> {
  const { rows } = await database.query<{ what: string }>(`
    with sent as (select id from transfers where ${isOfKey}),
    jobs as (select (input ->> 'transfer')::uuid as id, state from holdfast.all_jobs where name = 'send-receipt'),
    messages as (select (payload ->> 'id')::uuid as id from holdfast.messages where event = 'transfer.created')
    select 'jobs: transfer ' || sent.id || ' has ' || count(jobs.id) as what
      from sent left join jobs using (id) group by sent.id having count(jobs.id) <> 1
    union all
    select 'jobs: one is for the missing transfer ' || id from jobs where id not in (select id from sent)
    union all
    select 'jobs: the job of transfer ' || id || ' is ' || state from jobs where state <> 'succeeded'
    union all
    select 'receipts: transfer ' || id || ' has none' from sent where id not in (select transfer_id from receipts)
    union all
    select 'receipts: one is for the missing transfer ' || transfer_id from receipts
      where transfer_id not in (select id from sent)
    union all
    select 'messages: transfer ' || sent.id || ' has ' || count(messages.id)
      from sent left join messages using (id) group by sent.id having count(messages.id) <> 1
    union all
    select 'messages: one is about the missing transfer ' || id from messages where id not in (select id from sent)
    union all
    select 'counted: ' || coalesce(sum(transfers), 0) || ' of ' || (select count(*) from sent) || ' transfers' from volumes
      having coalesce(sum(transfers), 0) <> (select count(*) from sent)`)
  return rows.map(({ what }) => what)
}

import type { Statement } from '../../postgres/statement/statement.ts'

/**
 * Inserts an id, and returns a row unless the id is in use. Each insertion deletes up to ten
 * expired ids, so the table has about as many rows as there are ids in use.
 */
export function insertUsedId(id: Buffer, forMs: number): Statement {
  return {
    name: 'holdfast_use_once',
    text: `
with expired as (
  delete from holdfast.used_ids where id in (
    select id from holdfast.used_ids where expires_at <= now() and id <> $1
    order by expires_at limit 10 for update skip locked
  )
)
insert into holdfast.used_ids as used (id, expires_at)
values ($1, now() + make_interval(secs => $2::float8 / 1000))
on conflict (id) do update set expires_at = excluded.expires_at where used.expires_at <= now()
returning true`,
    values: [id, forMs],
  }
}

import type { Statement } from '../../postgres/statement.ts'

/** How far each relay has got, and how much there is behind that, what has no position yet included. */
export function listRelayRows(): Statement {
  return {
    text: `
      select
        relays.name, relays.position, relays.sent_at as "sentAt", relays.failure,
        behind.messages::double precision as "lagMessages",
        coalesce(extract(epoch from now() - behind.oldest), 0)::double precision as "lagSeconds"
      from holdfast.relays
      cross join lateral (
        select count(*) as messages, min(published_at) as oldest
        from holdfast.messages
        where messages.position > relays.position or messages.position is null
      ) as behind
      order by relays.name`,
  }
}

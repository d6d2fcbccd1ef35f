import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { SubscriptionKind } from '../subscription.ts'

// Limit of each count, large enough to show that a subscription is far behind.
const maxCounted = 100_000

/** Lists subscriptions with their positions and lag. `kind` is `null` for all kinds. */
export function listSubscriptionRows(kind: SubscriptionKind | null): Statement {
  return {
    text: `
      select
        service, kind, name, publisher, events, position, handled_at as "handledAt", seen_at as "seenAt", failure,
        behind.messages::double precision as "lagMessages",
        coalesce(extract(epoch from now() - behind.oldest), 0)::double precision as "lagSeconds",
        (
          select count(*) from holdfast.dead_messages as dead
          where dead.service = subscriptions.service and dead.subscriber = subscriptions.name
            and subscriptions.kind = 'subscriber'
        )::double precision as "deadMessages"
      from holdfast.subscriptions
      cross join lateral (
        select count(*) as messages, min(published_at) as oldest
        from (
          (select published_at from holdfast.messages
            where messages.position > subscriptions.position order by position limit ${maxCounted})
          union all
          (select published_at from holdfast.messages where messages.position is null limit ${maxCounted})
        ) as unread
      ) as behind
      where $1::text is null or kind = $1
      order by service, kind, name`,
    values: [kind],
  }
}

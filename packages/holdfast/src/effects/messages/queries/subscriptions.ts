import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { NewMessageRow } from './dispatch.ts'
import type { SubscriptionDeclaration, SubscriptionKind } from '../subscription.ts'

/**
 * Advances the sequence of positions past every position in use. After a restore, or a move by
 * logical replication, the sequence can be behind: new messages would get positions that
 * subscriptions have already passed.
 */
export function repairPositions(): Statement {
  return {
    text: `
      select setval('holdfast.message_positions', used.position)
      from (
        select greatest(
          (select max(position) from holdfast.messages),
          (select max(position) from holdfast.subscriptions)
        ) as position
      ) as used, holdfast.message_positions as positions
      where used.position > positions.last_value`,
  }
}

/**
 * Registers the subscriptions of a service. A known subscription keeps its position. A new
 * subscription starts at the next message, or at the oldest stored message if its declaration
 * requires that.
 */
export function registerSubscriptions(
  service: string,
  declarations: readonly SubscriptionDeclaration[],
): Statement {
  return {
    text: `
      insert into holdfast.subscriptions (service, kind, name, publisher, events, position)
      select $1, kind, name, publisher,
        (select array_agg(event) from json_array_elements_text(events) as event),
        case when "startFrom" = 'oldest' then 0
          else (select case when is_called then last_value else 0 end from holdfast.message_positions) end
      from json_to_recordset($2::json)
        as declared (kind text, name text, publisher text, events json, "startFrom" text)
      order by kind, name
      on conflict (service, kind, name) do update set
        publisher = excluded.publisher, events = excluded.events, seen_at = now()`,
    values: [service, JSON.stringify(declarations)],
  }
}

/** The state of the message log, for a process that polls for work. */
export interface LogRow {
  /** True if there are messages without a position. */
  readonly has_new: boolean
  /** The given subscriptions that have not read all messages. */
  readonly behind: readonly { readonly kind: SubscriptionKind; readonly name: string }[]
}

/**
 * Reads whether there are messages to dispatch, and which of the given subscriptions are behind.
 */
export function readLog(service: string, subscriptions: readonly SubscriptionName[]): Statement {
  return {
    name: 'holdfast_read_log',
    text: `
      select
        -- The order makes Postgres use the index of new messages, even if it expects to find many.
        (select true from holdfast.messages where position is null order by seq limit 1) is not null as has_new,
        coalesce((
          select json_agg(json_build_object('kind', kind, 'name', name))
          from holdfast.subscriptions
          join unnest($2::text[], $3::text[]) as own (kind, name) using (kind, name)
          where service = $1 and (
            position < (select max(position) from holdfast.messages)
            or kind = 'subscriber' and exists (
              select from holdfast.dead_messages as dead
              where dead.service = $1 and dead.subscriber = subscriptions.name and dead.is_redriven
            )
          )
        ), '[]') as behind`,
    values: [service, subscriptions.map(({ kind }) => kind), subscriptions.map(({ name }) => name)],
  }
}

/** Identifies a subscription within its service. */
export interface SubscriptionName {
  readonly kind: SubscriptionKind
  readonly name: string
}

/** A locked subscription. */
export interface LockedRow {
  readonly name: string
  readonly publisher: string
  /** A decimal integer. */
  readonly position: string
}

/** Locks the rows of the given consumers that are behind and that no other process is advancing. */
export function lockConsumers(service: string, names: readonly string[]): Statement {
  return {
    name: 'holdfast_lock_consumers',
    text: `
      select name, publisher, position from holdfast.subscriptions
      where service = $1 and kind = 'consumer' and name = any ($2)
        and position < (select max(position) from holdfast.messages)
      order by name
      for update skip locked`,
    values: [service, names],
  }
}

/**
 * Takes the advisory lock of a subscription, if it is free. Its holder is the only transaction that
 * advances the subscription. The row itself is not locked, even if a broker or a subscriber is
 * slow.
 */
export function lockSubscription(service: string, { kind, name }: SubscriptionName): Statement {
  return {
    name: 'holdfast_lock_subscription',
    text: `
      select pg_try_advisory_xact_lock(
        hashtextextended('holdfast subscription ' || $1 || ' ' || $2 || ' ' || $3, 0)
      ) as is_locked`,
    values: [service, kind, name],
  }
}

/**
 * Reads a subscription, if it is behind. Run it after {@link lockSubscription}, as a separate
 * statement: its snapshot then includes the commit of the previous lock holder.
 */
export function readSubscription(service: string, { kind, name }: SubscriptionName): Statement {
  return {
    name: 'holdfast_read_subscription',
    text: `
      select name, publisher, position from holdfast.subscriptions
      where service = $1 and kind = $2 and name = $3
        and position < (select max(position) from holdfast.messages)`,
    values: [service, kind, name],
  }
}

/**
 * The row of a message in a log window. If no message matches, the result is a single row without a
 * message.
 */
export interface LogMessageRow extends Omit<NewMessageRow, 'id'> {
  /** The last position of the window; `null` if there is no message after `after`. */
  readonly last: string | null
  /** Number of messages in the window, including messages of other events and services. */
  readonly seen: number
  readonly id: string | null
  readonly position: string
}

/** A window of the log after a position, and the filters of its messages. */
export interface LogWindow {
  readonly after: string
  readonly publishers: readonly string[]
  /** `null` means all. */
  readonly events: readonly string[] | null
  readonly limit: number
}

/** Reads the matching messages of a log window, in the order of their positions. */
export function readMessages({ after, publishers, events, limit }: LogWindow): Statement {
  return {
    name: 'holdfast_read_messages',
    text: `
      with next as materialized (
        select * from holdfast.messages where position > $1 order by position limit $4
      )
      select
        seen.last, seen.count as seen, next.id, next.service, next.event, next.key, next.payload,
        next.traceparent, next.tenant, next.subjects, next.published_at, next.position
      from (select max(position) as last, count(*)::integer as count from next) as seen
      left join next on next.service = any ($2) and ($3::text[] is null or next.event = any ($3))
      order by next.position`,
    values: [after, publishers, events, limit],
  }
}

const advanced = `
      set position = $3, handled_at = clock_timestamp(), seen_at = clock_timestamp(), failure = null`

/** Advances locked consumers to a position. */
export function advanceConsumers(service: string, names: readonly string[], to: string): Statement {
  return {
    name: 'holdfast_advance_consumers',
    text: `
      update holdfast.subscriptions ${advanced}
      where service = $1 and kind = 'consumer' and name = any ($2) and position < $3`,
    values: [service, names, to],
  }
}

/** Advances a subscription, unless an operator has moved it in the meantime. */
export function advanceSubscription(
  service: string,
  { kind, name }: SubscriptionName,
  { from, to }: { readonly from: string; readonly to: string },
): Statement {
  return {
    name: 'holdfast_advance_subscription',
    text: `
      update holdfast.subscriptions ${advanced}
      where service = $1 and name = $2 and kind = $4 and position = $5`,
    values: [service, name, to, kind, from],
  }
}

/** A subscription that is behind, and that no process has run for a while. */
export interface AbandonedRow extends SubscriptionName {
  readonly seen_at: Date
}

/**
 * Marks the subscriptions of a process as seen. Returns the subscriptions of the service that are
 * behind and that no process has run for ten minutes.
 */
export function markSeen(service: string, subscriptions: readonly SubscriptionName[]): Statement {
  return {
    name: 'holdfast_mark_seen',
    text: `
      with seen as (
        update holdfast.subscriptions as own set seen_at = clock_timestamp()
        from unnest($2::text[], $3::text[]) as running (kind, name)
        where own.service = $1 and own.kind = running.kind and own.name = running.name
          and own.seen_at < clock_timestamp() - interval '30 seconds'
      )
      select kind, name, seen_at from holdfast.subscriptions
      where service = $1 and seen_at < clock_timestamp() - interval '10 minutes'
        and position < (select max(position) from holdfast.messages)
        and not exists (
          select from unnest($2::text[], $3::text[]) as running (kind, name)
          where running.kind = subscriptions.kind and running.name = subscriptions.name
        )
      order by kind, name`,
    values: [service, subscriptions.map(({ kind }) => kind), subscriptions.map(({ name }) => name)],
  }
}

/** Stores the reason why a subscription is failing. */
export function storeFailure(service: string, { kind, name }: SubscriptionName, failure: object): Statement {
  return {
    name: 'holdfast_store_subscription_failure',
    text: `
      update holdfast.subscriptions set failure = $4, seen_at = clock_timestamp()
      where service = $1 and kind = $2 and name = $3`,
    values: [service, kind, name, JSON.stringify(failure)],
  }
}

import type { Statement } from '../../postgres/statement.ts'

/** Makes this transaction the one that a relay sends in, until it ends, where no other is. */
export function lockRelay(name: string): Statement {
  return {
    name: 'holdfast_lock_relay',
    text: `select pg_try_advisory_xact_lock(hashtextextended('holdfast relay ' || $1, 0)) as is_locked`,
    values: [name],
  }
}

/** Makes the row of a relay where it has none: it begins with the oldest message that is kept. */
export function registerRelay(name: string): Statement {
  return {
    name: 'holdfast_register_relay',
    text: 'insert into holdfast.relays (name, position) values ($1, 0) on conflict do nothing',
    values: [name],
  }
}

/** Where a relay stands, once for each message that it is to send next, or once where there is none. */
export interface RelayRow {
  /** Up to which position it has sent. */
  readonly sent: string
  readonly has_failed: boolean
  /** Up to which position it will have sent with this batch; `null` where there is nothing new. */
  readonly last: string | null
  /** How many messages it looks at, those of other events included. */
  readonly seen: number
  /** The message; `null` where none of its events is among them. */
  readonly id: string | null
  readonly event: string
  readonly key: string
  readonly payload: unknown
  readonly traceparent: string | null
  readonly published_at: Date
}

/** Reads what a relay is to send next: those of its events among the next `batch` messages of all. `events`: `null` for all. */
export function readRelay(name: string, events: readonly string[] | null, batch: number): Statement {
  return {
    name: 'holdfast_read_relay',
    text: `
      with relay as materialized (
        select position, failure is not null as has_failed from holdfast.relays where name = $1
      ), next as materialized (
        select * from holdfast.messages
        where position > (select position from relay)
        order by position
        limit $3
      )
      select
        relay.position as sent, relay.has_failed, seen.last, seen.count as seen,
        next.id, next.event, next.key, next.payload, next.traceparent, next.published_at
      from relay
      cross join (select max(position) as last, count(*)::integer as count from next) as seen
      left join next on $2::text[] is null or next.event = any ($2)
      order by next.position`,
    values: [name, events, batch],
  }
}

/** How far a relay has got. */
export interface RelayProgress {
  readonly from: string
  readonly to: string
  readonly hasSent: boolean
}

/** Notes how far a relay has got, unless it has been moved since: then it goes on from there. */
export function advanceRelay(name: string, { from, to, hasSent }: RelayProgress): Statement {
  return {
    name: 'holdfast_advance_relay',
    text: `
      update holdfast.relays
      set position = $3, failure = null, sent_at = case when $4 then clock_timestamp() else sent_at end
      where name = $1 and position = $2`,
    values: [name, from, to, hasSent],
  }
}

/** Notes why a relay does not get on, which may be so from its beginning. */
export function noteRelayFailure(name: string, failure: object): Statement {
  return {
    name: 'holdfast_note_relay_failure',
    text: `
      insert into holdfast.relays (name, position, failure) values ($1, 0, $2)
      on conflict (name) do update set failure = excluded.failure`,
    values: [name, JSON.stringify(failure)],
  }
}

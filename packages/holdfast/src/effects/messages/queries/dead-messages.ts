import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** A message that failed permanently for a subscriber. */
export interface DeadMessage {
  readonly id: string
  readonly event: string
  readonly key: string
  readonly failure: object
}

/** Stores dead letters of a subscriber. */
export function storeDead(service: string, subscriber: string, dead: readonly DeadMessage[]): Statement {
  return {
    name: 'holdfast_store_dead_messages',
    text: `
      insert into holdfast.dead_messages (service, subscriber, message_id, event, key, failure)
      select $1, $2, id, event, key, failure::jsonb
      from unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) as dead (id, event, key, failure)
      on conflict (service, subscriber, message_id)
        do update set failure = excluded.failure, is_redriven = false, died_at = now()`,
    values: [
      service,
      subscriber,
      dead.map(({ id }) => id),
      dead.map(({ event }) => event),
      dead.map(({ key }) => key),
      dead.map(({ failure }) => JSON.stringify(failure)),
    ],
  }
}

/** Deletes a redriven dead letter of a subscriber, and returns its message. */
export function takeRedriven(service: string, subscriber: string): Statement {
  return {
    name: 'holdfast_take_redriven',
    text: `
      with taken as (
        delete from holdfast.dead_messages
        where (service, subscriber, message_id) in (
          select service, subscriber, message_id from holdfast.dead_messages
          where service = $1 and subscriber = $2 and is_redriven
          order by message_id
          limit 1
          for update skip locked
        )
        returning message_id
      )
      select
        null as last, 1 as seen, id, messages.service, event, key, payload, traceparent, tenant, subjects, published_at, position
      from holdfast.messages join taken on messages.id = taken.message_id`,
    values: [service, subscriber],
  }
}

/** Marks the dead letter of one message, or all dead letters of a subscriber, as redriven. */
export function redriveDead(subscriber: string, id: string | null): Statement {
  return {
    text: `
      update holdfast.dead_messages set is_redriven = true
      where subscriber = $1 and ($2::uuid is null or message_id = $2)
      returning message_id as id, service, event`,
    values: [subscriber, id],
  }
}

/** Deletes the dead letter of one message, or all dead letters of a subscriber. */
export function skipDead(subscriber: string, id: string | null): Statement {
  return {
    text: `
      delete from holdfast.dead_messages
      where subscriber = $1 and ($2::uuid is null or message_id = $2)
      returning message_id as id`,
    values: [subscriber, id],
  }
}

/** Lists dead letters, newest first. */
export function listDeadRows({
  subscriber,
  limit,
}: {
  readonly subscriber: string | null
  readonly limit: number
}): Statement {
  return {
    text: `
      select service, subscriber, message_id as id, event, key, failure, is_redriven as "isRedriven",
        died_at as "diedAt"
      from holdfast.dead_messages
      where $1::text is null or subscriber = $1
      order by died_at desc, message_id
      limit $2`,
    values: [subscriber, limit],
  }
}

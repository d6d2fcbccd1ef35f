import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { SubscriptionName } from './subscriptions.ts'

/** Identifies a subscription in a database. */
export interface SubscriptionId extends SubscriptionName {
  readonly service: string
}

const moved = `
      returning service, name, position, (
        select count(*) from holdfast.messages where messages.position > subscriptions.position
      )::double precision as messages`

/** Moves a subscription to a position. */
export function moveTo({ service, kind, name }: SubscriptionId, position: string): Statement {
  return {
    text: `update holdfast.subscriptions set position = $3 where service = $1 and kind = $2 and name = $4 ${moved}`,
    values: [service, kind, position, name],
  }
}

/**
 * Moves a subscription to before the first message at or after a time; to the end if there is none.
 */
export function moveBefore({ service, kind, name }: SubscriptionId, since: Date): Statement {
  return {
    text: `
      update holdfast.subscriptions set position = coalesce(
        (select min(position) - 1 from holdfast.messages where published_at >= $3),
        (select max(position) from holdfast.messages),
        position
      )
      where service = $1 and kind = $2 and name = $4 ${moved}`,
    values: [service, kind, since, name],
  }
}

/** Deletes a subscription with its dead letters. */
export function deleteSubscription({ service, kind, name }: SubscriptionId): Statement {
  return {
    text: `
      with dead as (
        delete from holdfast.dead_messages where $2 = 'subscriber' and service = $1 and subscriber = $3
      )
      delete from holdfast.subscriptions where service = $1 and kind = $2 and name = $3`,
    values: [service, kind, name],
  }
}

/**
 * Clears the positions of messages, so that they are dispatched again. Returns the ids of those
 * that exist.
 */
export function forgetPositions(ids: readonly string[]): Statement {
  return {
    text: 'update holdfast.messages set position = null where id = any ($1::uuid[]) returning id',
    values: [ids],
  }
}

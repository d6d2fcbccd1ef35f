import type { Statement } from '../../../storage/postgres/statement/statement.ts'
import type { SubscriptionName } from './subscriptions.ts'

/** Identifies a subscription in a database. */
export interface SubscriptionId extends SubscriptionName {
  readonly service: string
}

/** The outcome of a move. */
export interface MoveRow {
  /** The previous position, as a decimal integer. */
  readonly from: string
  /** The requested position, as a decimal integer. */
  readonly position: string
  /** Number of messages after the requested position. */
  readonly messages: number
  /** False if the move would have skipped messages. */
  readonly is_moved: boolean
}

/** Moves a subscription to a position. */
export function moveTo(id: SubscriptionId, position: string, maySkip: boolean): Statement {
  return { text: move('$4::bigint'), values: [id.service, id.kind, id.name, position, maySkip] }
}

/**
 * Moves a subscription to the position just before the first message published at or after a time.
 * If there is no such message, moves it to the end.
 */
export function moveBefore(id: SubscriptionId, since: Date, maySkip: boolean): Statement {
  const target = `coalesce(
          (select min(position) - 1 from holdfast.messages where published_at >= $4::timestamptz),
          (select max(position) from holdfast.messages),
          own.position
        )`
  return { text: move(target), values: [id.service, id.kind, id.name, since, maySkip] }
}

/** `target` is SQL for the requested position. */
function move(target: string): string {
  return `
      with own as materialized (
        select position from holdfast.subscriptions where service = $1 and kind = $2 and name = $3 for update
      ), target as materialized (
        select own.position as before, ${target} as position from own
      ), moved as (
        update holdfast.subscriptions set position = target.position from target
        where service = $1 and kind = $2 and name = $3 and ($5 or target.position <= target.before)
        returning 1
      )
      select before as "from", position, exists (select from moved) as is_moved, (
        select count(*) from holdfast.messages where messages.position > target.position
      )::double precision as messages
      from target`
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
 * Clears the positions of messages, so that they are dispatched again. Returns the messages that
 * exist.
 */
export function forgetPositions(ids: readonly string[]): Statement {
  return {
    text: 'update holdfast.messages set position = null where id = any ($1::uuid[]) returning id, service, event',
    values: [ids],
  }
}

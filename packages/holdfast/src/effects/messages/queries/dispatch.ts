import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** Takes the dispatch lock until the transaction ends, if no other transaction holds it. */
export function lockDispatch(): Statement {
  return {
    name: 'holdfast_lock_dispatch',
    text: `select pg_try_advisory_xact_lock(hashtextextended('holdfast dispatch', 0)) as is_locked`,
  }
}

/** A message that has not been dispatched yet. */
export interface NewMessageRow {
  readonly id: string
  readonly service: string
  readonly event: string
  readonly key: string
  readonly payload: unknown
  readonly traceparent: string | null
  readonly tenant: string | null
  readonly subjects: readonly string[] | null
  readonly published_at: Date
}

/**
 * Finds messages without a position, in the order of `seq`. Within a key, this is the order of
 * their commits.
 */
export function findNewMessages(batch: number): Statement {
  return {
    name: 'holdfast_find_new_messages',
    text: `
      select id, service, event, key, payload, traceparent, tenant, subjects, published_at from holdfast.messages
      where position is null
      order by seq
      limit $1`,
    values: [batch],
  }
}

/**
 * Assigns the next positions to messages, in the order of the list. Only the holder of the dispatch
 * lock assigns positions, so a reader that sees a position also sees every lower one.
 */
export function givePositions(ids: readonly string[]): Statement {
  return {
    name: 'holdfast_give_positions',
    text: `
      with numbered as materialized (
        select id, nextval('holdfast.message_positions') as position
        from (select id from unnest($1::uuid[]) with ordinality as row (id, n) order by n) as heard
      )
      update holdfast.messages set position = numbered.position
      from numbered where messages.id = numbered.id`,
    values: [ids],
  }
}

/** Waits for the dispatch lock, and holds it until the transaction ends. */
export function lockDispatchWaiting(): Statement {
  return { text: `select pg_advisory_xact_lock(hashtextextended('holdfast dispatch', 0))` }
}

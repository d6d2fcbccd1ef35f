import type { Statement } from '../../postgres/statement.ts'

/** Makes this transaction the one that hands messages out, until it ends, where no other is. */
export function lockDispatch(): Statement {
  return {
    name: 'holdfast_lock_dispatch',
    text: `select pg_try_advisory_xact_lock(hashtextextended('holdfast dispatch', 0)) as is_locked`,
  }
}

/** A message that nobody has heard of yet. */
export interface NewMessageRow {
  readonly id: string
  readonly service: string
  readonly event: string
  readonly key: string
  readonly payload: unknown
  readonly traceparent: string | null
  readonly published_at: Date
}

/** Finds messages that have no position yet. Among those of a key, that is the order of their commits. */
export function findNewMessages(batch: number): Statement {
  return {
    name: 'holdfast_find_new_messages',
    text: `
      select id, service, event, key, payload, traceparent, published_at from holdfast.messages
      where position is null
      order by seq
      limit $1`,
    values: [batch],
  }
}

/**
 * Gives messages the next positions, in the order of the list. Only who hands messages out gives them, one at a time: whoever sees a position
 * sees every one before it.
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

/** Waits until no transaction dispatches messages, and keeps others from doing so until this one ends. */
export function lockDispatchWaiting(): Statement {
  return { text: `select pg_advisory_xact_lock(hashtextextended('holdfast dispatch', 0))` }
}

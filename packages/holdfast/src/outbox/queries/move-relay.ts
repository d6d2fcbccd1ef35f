import type { Statement } from '../../postgres/statement.ts'

const moved = `
      returning name, position, (
        select count(*) from holdfast.messages where messages.position > relays.position
      )::double precision as messages`

/** Moves a relay to a position. */
export function moveRelayTo(name: string, position: string): Statement {
  return {
    text: `update holdfast.relays set position = $2 where name = $1 ${moved}`,
    values: [name, position],
  }
}

/** Moves a relay to before the first of the messages that were published at a time or later, and to the end where there is none. */
export function moveRelayBefore(name: string, since: Date): Statement {
  return {
    text: `
      update holdfast.relays set position = coalesce(
        (select min(position) - 1 from holdfast.messages where published_at >= $2),
        (select max(position) from holdfast.messages),
        position
      )
      where name = $1 ${moved}`,
    values: [name, since],
  }
}

/** Deletes what is kept of a relay. */
export function deleteRelay(name: string): Statement {
  return { text: 'delete from holdfast.relays where name = $1', values: [name] }
}

/** Has messages handed out once more; gives those that there are. */
export function forgetPositions(ids: readonly string[]): Statement {
  return {
    text: 'update holdfast.messages set position = null where id = any ($1::uuid[]) returning id',
    values: [ids],
  }
}

import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** A message to be sent to the endpoints of an owner. */
export interface OutgoingMessage {
  readonly id: string
  readonly event: string
  readonly owner: string
  /** The body of the requests that deliver the message. */
  readonly body: string
}

/** A new delivery. */
export interface PlannedRow {
  readonly delivery: string
  readonly endpoint: string
  readonly message: string
  readonly owner: string
}

/**
 * Creates deliveries of messages, in the order of the messages. Each message is delivered to the
 * enabled endpoints of its owner that receive its event. Returns the new deliveries.
 */
export function planDeliveries(service: string, messages: readonly OutgoingMessage[]): Statement {
  return {
    text: `
      with wanted as materialized (
        select message.*, endpoint.id as endpoint_id, endpoint.seq
        from rows from (
          json_to_recordset($1::json) as (id uuid, event text, owner text, body text)
        ) with ordinality as message (id, event, owner, body, n)
        -- OFFSET 0 keeps the planner from hashing all endpoints: an index finds the endpoints of an
        -- owner.
        cross join lateral (
          select id, seq, state, events from holdfast.webhook_endpoints
          where service = $2 and owner = message.owner
          offset 0
        ) as endpoint
        where endpoint.state = 'enabled' and (endpoint.events is null or message.event = any(endpoint.events))
      ), stored as (
        insert into holdfast.webhook_messages (id, service, event, body)
        select distinct on (id) id, $2, event, body from wanted
        on conflict (id) do nothing
      )
      insert into holdfast.webhook_deliveries (endpoint_id, message_id)
      select endpoint_id, id from wanted order by n, seq
      on conflict (endpoint_id, message_id) do nothing
      returning id as delivery, endpoint_id as endpoint, message_id as message,
        (select owner from holdfast.webhook_endpoints where webhook_endpoints.id = endpoint_id) as owner`,
    values: [JSON.stringify(messages), service],
  }
}

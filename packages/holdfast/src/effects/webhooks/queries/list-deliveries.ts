import sql, { empty, type Sql } from 'sql-template-tag'

/** A logged attempt. */
export interface TryRow {
  /** In ISO 8601. */
  readonly attemptedAt: string
  readonly durationMs: number
  readonly status: number | null
  readonly answer: string | null
  readonly failure: { readonly code: string; readonly message: string } | null
}

/** The stored row of a delivery, with its last attempts. */
export interface DeliveryListRow {
  readonly id: string
  readonly seq: string
  readonly service: string
  readonly endpoint_id: string
  readonly message_id: string
  readonly event: string
  readonly state: 'pending' | 'delivered' | 'failed'
  readonly created_at: Date
  readonly ended_at: Date | null
  /** The last attempts, newest first. */
  readonly attempts: TryRow[]
}

/** Filters of deliveries; `null` means no filter. */
export interface DeliveryFilters {
  readonly service: string | null
  readonly owner: string | null
  readonly endpoint: string | null
  readonly state: DeliveryListRow['state'] | null
}

const maxAttempts = 20

/** Returns a query that selects deliveries, without ORDER BY. */
export function deliveryRows({ service, owner, endpoint, state }: DeliveryFilters): Sql {
  return sql`
    select delivery.id, delivery.seq, endpoint.service, delivery.endpoint_id, delivery.message_id, message.event, delivery.state,
      delivery.created_at, delivery.ended_at,
      array(
        select json_build_object(
          'attemptedAt', to_char(attempted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'durationMs', duration_ms,
          'status', status, 'answer', answer, 'failure', failure
        )
        from holdfast.webhook_attempts where delivery_id = delivery.id
        order by webhook_attempts.seq desc
        limit ${maxAttempts}
      ) as attempts
    from holdfast.webhook_deliveries as delivery
    join holdfast.webhook_messages as message on message.id = delivery.message_id
    join holdfast.webhook_endpoints as endpoint on endpoint.id = delivery.endpoint_id
    where true
      ${service === null ? empty : sql`and endpoint.service = ${service}`}
      ${owner === null ? empty : sql`and endpoint.owner = ${owner}`}
      ${endpoint === null ? empty : sql`and delivery.endpoint_id = ${endpoint}`}
      ${state === null ? empty : sql`and delivery.state = ${state}`}`
}

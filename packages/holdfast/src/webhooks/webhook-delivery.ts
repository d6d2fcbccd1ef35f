import type { DeliveryListRow } from './queries/list-deliveries.ts'

/** One time that a delivery was sent, or could not be. */
export interface WebhookTry {
  /** In ISO 8601. */
  readonly triedAt: string
  readonly durationMs: number
  /** The status of the answer; `null` where there was none. */
  readonly status: number | null
  /** The first KiB of the answer's body; `null` where there was no answer. */
  readonly answer: string | null
  /** Why there was no answer. */
  readonly failure: { readonly code: string; readonly message: string } | null
}

/** What became of one message for one endpoint. */
export interface WebhookDelivery {
  /** A UUID. */
  readonly id: string
  /** The endpoint's id. */
  readonly endpoint: string
  /** The message's id, which is the `webhook-id` of each try. */
  readonly message: string
  readonly event: string
  /** `pending`: it is tried, or will be; `failed`: it is not tried any more. */
  readonly state: 'pending' | 'delivered' | 'failed'
  /** In ISO 8601. */
  readonly createdAt: string
  /** When it was delivered or given up, in ISO 8601; `null` where it is pending. */
  readonly endedAt: string | null
  /** The last one first, at most 20. */
  readonly tries: WebhookTry[]
}

/** Makes a delivery of its row. */
export function toDelivery(row: DeliveryListRow): WebhookDelivery {
  return {
    id: row.id,
    endpoint: row.endpoint_id,
    message: row.message_id,
    event: row.event,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    tries: row.tries,
  }
}

import type { DeliveryListRow } from './queries/list-deliveries.ts'

/** One attempt of a delivery. */
export interface WebhookAttempt {
  /** Time of the attempt, in ISO 8601. */
  readonly attemptedAt: string
  readonly durationMs: number
  /** Status of the answer; `null` if there was no answer. */
  readonly status: number | null
  /** The first KiB of the answer's body; `null` if there was no answer. */
  readonly answer: string | null
  /** The reason why there was no answer; `null` if there was an answer. */
  readonly failure: { readonly code: string; readonly message: string } | null
}

/** The delivery of one message to one endpoint. */
export interface WebhookDelivery {
  /** A UUID. */
  readonly id: string
  /** The endpoint's id. */
  readonly endpoint: string
  /** The message's id, which is the `webhook-id` of each attempt. */
  readonly message: string
  readonly event: string
  /** `pending`: an attempt is running or planned; `failed`: there are no more attempts. */
  readonly state: 'pending' | 'delivered' | 'failed'
  /** In ISO 8601. */
  readonly createdAt: string
  /**
   * The time at which the delivery succeeded or failed permanently, in ISO 8601; `null` while it is
   * pending.
   */
  readonly endedAt: string | null
  /** The last 20 attempts, newest first. */
  readonly attempts: WebhookAttempt[]
}

/** Converts a row to a delivery. */
export function toDelivery(row: DeliveryListRow): WebhookDelivery {
  return {
    id: row.id,
    endpoint: row.endpoint_id,
    message: row.message_id,
    event: row.event,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
    attempts: row.attempts,
  }
}

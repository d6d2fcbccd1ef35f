import type { EndpointRow } from './queries/endpoints.ts'

/** An endpoint to which webhooks are sent. */
export interface WebhookEndpoint {
  /** A UUID. */
  readonly id: string
  /** The owner of the endpoint. The endpoint receives only messages of this owner. */
  readonly owner: string
  readonly url: string
  /** Names of the events that the endpoint receives; `null` means all. */
  readonly events: string[] | null
  readonly description: string
  /** Nothing is sent to a disabled endpoint. */
  readonly state: 'enabled' | 'disabled'
  /** The reason why the endpoint is disabled; `null` if it is enabled. */
  readonly reason: string | null
  /**
   * Time of the first failure since the last successful delivery, in ISO 8601; `null` if there is
   * no such failure.
   */
  readonly failingSince: string | null
  /** In ISO 8601. */
  readonly createdAt: string
}

/** A new endpoint with its signing secret, which is returned only here. */
export interface NewWebhookEndpoint extends WebhookEndpoint {
  /** The secret that the endpoint's webhooks are signed with, `whsec_…`. */
  readonly secret: string
}

/** Converts a row to an endpoint. */
export function toEndpoint({
  id,
  owner,
  url,
  events,
  description,
  state,
  reason,
  ...row
}: EndpointRow): WebhookEndpoint {
  return {
    id,
    owner,
    url,
    events,
    description,
    state,
    reason,
    failingSince: row.failing_since?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }
}

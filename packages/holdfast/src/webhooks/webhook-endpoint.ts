import type { EndpointRow } from './queries/endpoints.ts'

/** Where webhooks are sent. */
export interface WebhookEndpoint {
  /** A UUID. */
  readonly id: string
  /** Whose it is. */
  readonly owner: string
  readonly url: string
  /** The names of the events that it gets; `null`: all. */
  readonly events: string[] | null
  readonly description: string
  /** Nothing is sent to one that is disabled. */
  readonly state: 'enabled' | 'disabled'
  /** Why it is disabled; `null` where it is not. */
  readonly reason: string | null
  /** Since when no delivery has succeeded, in ISO 8601; `null` where the last one has. */
  readonly failingSince: string | null
  /** In ISO 8601. */
  readonly createdAt: string
}

/** An endpoint that has been added, with what its webhooks are signed with: shown here, and never again. */
export interface NewWebhookEndpoint extends WebhookEndpoint {
  /** `whsec_…` */
  readonly secret: string
}

/** Makes an endpoint of its row. */
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

import { event, type EventType } from '../../kernel/background/event.ts'
import { described } from '../../kernel/schema/schema.ts'

/**
 * Payload of {@link WebhookEndpointFailed}: an endpoint that was disabled because its deliveries
 * failed.
 */
export interface DisabledEndpoint {
  readonly endpoint: string
  readonly owner: string
  readonly url: string
  readonly reason: string
}

const text = { type: 'string' }

/**
 * Event published when an endpoint is disabled because it failed for too long or returned 410. The
 * key of the event is the endpoint's id. Subscribe to this event to notify the owner.
 */
export const WebhookEndpointFailed: EventType<DisabledEndpoint> = event('webhook.endpoint.failed', {
  payload: described<DisabledEndpoint>({
    type: 'object',
    properties: { endpoint: text, owner: text, url: text, reason: text },
    required: ['endpoint', 'owner', 'url', 'reason'],
  }),
  description: 'A webhook endpoint was disabled because it failed for too long, or returned 410.',
})

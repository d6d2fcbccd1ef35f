import { event, type EventType } from '../kernel/event.ts'
import { described } from '../kernel/schema.ts'

/** What is told of an endpoint that has been disabled because it does not take what it is sent. */
export interface DisabledEndpoint {
  readonly endpoint: string
  readonly owner: string
  readonly url: string
  readonly reason: string
}

const text = { type: 'string' }

/** Is published, with the endpoint's id as key, when an endpoint is disabled because it failed for too long or answered 410: its owner wants to know. */
export const WebhookEndpointFailed: EventType<DisabledEndpoint> = event('webhook.endpoint.failed', {
  payload: described<DisabledEndpoint>({
    type: 'object',
    properties: { endpoint: text, owner: text, url: text, reason: text },
    required: ['endpoint', 'owner', 'url', 'reason'],
  }),
  description: 'A webhook endpoint has been disabled because it failed for too long, or answered 410.',
})

import { type AnyProblem, type Problem, problem } from '../../kernel/problem/problem.ts'

/** An incoming webhook lacks one of its headers. */
export const WebhookHeadersMissing: Problem<'webhook-headers-missing'> = problem('webhook-headers-missing', {
  status: 400,
  title: 'Webhook signature missing',
  description:
    'A webhook must have the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, as defined by Standard Webhooks (https://www.standardwebhooks.com).',
})

/**
 * The signature of an incoming webhook does not match any secret of the sender, or its timestamp is
 * too far from the current time.
 */
export const WebhookSignatureInvalid: Problem<'webhook-signature-invalid'> = problem(
  'webhook-signature-invalid',
  {
    status: 401,
    title: 'Invalid webhook signature',
    description:
      'One of the signatures in `webhook-signature` must be `v1,` followed by an HMAC-SHA256 in base64. The HMAC is computed with the shared secret, over the id, the timestamp and the bytes of the body, joined by full stops. The timestamp must be within five minutes of the current time. Common causes: a different secret, a body that a proxy has rewritten, a wrong clock.',
  },
)

/** Webhooks cannot be sent to the URL of an endpoint. */
export const WebhookUrlInvalid: Problem<'webhook-url-invalid'> = problem('webhook-url-invalid', {
  status: 422,
  title: 'Invalid webhook URL',
  description:
    'The URL must be an absolute https URL of a host on the public internet, without a user name or a fragment.',
})

/** An endpoint requests an event that the service does not send as webhooks. */
export const WebhookEventUnknown: Problem<'webhook-event-unknown'> = problem('webhook-event-unknown', {
  status: 422,
  title: 'Unknown event',
  description:
    'An endpoint can only subscribe to events that the service sends as webhooks; `detail` lists them.',
})

/** The endpoint does not exist, or belongs to a different owner. */
export const WebhookEndpointUnknown: Problem<'webhook-endpoint-unknown'> = problem(
  'webhook-endpoint-unknown',
  {
    status: 404,
    title: 'Webhook endpoint not found',
    description: 'The endpoint was removed, or it belongs to another owner.',
  },
)

/** The delivery does not exist, or belongs to a different owner. */
export const WebhookDeliveryUnknown: Problem<'webhook-delivery-unknown'> = problem(
  'webhook-delivery-unknown',
  {
    status: 404,
    title: 'Webhook delivery not found',
    description:
      'The delivery was deleted after its retention time, its endpoint was removed, or it belongs to another owner.',
  },
)

/** The body of the delivery was erased with a person's data, so it cannot be sent again. */
export const WebhookDeliveryErased: Problem<'webhook-delivery-erased'> = problem('webhook-delivery-erased', {
  status: 410,
  title: 'The content of the webhook delivery has been erased',
  description:
    'The webhook contained personal data, which has been erased. The record of the delivery is kept, but the webhook cannot be sent again.',
})

/** The endpoint is disabled, so deliveries to it cannot be replayed. */
export const WebhookEndpointDisabled: Problem<'webhook-endpoint-disabled'> = problem(
  'webhook-endpoint-disabled',
  {
    status: 409,
    title: 'Webhook endpoint disabled',
    description: 'Enable the endpoint first. Then the deliveries that it missed can be replayed.',
  },
)

/**
 * The problems that the functions for endpoints and deliveries throw. Declare them in operations
 * that use these functions.
 */
export const webhookProblems: readonly [
  typeof WebhookUrlInvalid,
  typeof WebhookEventUnknown,
  typeof WebhookEndpointUnknown,
  typeof WebhookDeliveryUnknown,
  typeof WebhookDeliveryErased,
  typeof WebhookEndpointDisabled,
] = [
  WebhookUrlInvalid,
  WebhookEventUnknown,
  WebhookEndpointUnknown,
  WebhookDeliveryUnknown,
  WebhookDeliveryErased,
  WebhookEndpointDisabled,
]

/** The problems of an operation that receives webhooks. */
export const incomingWebhookProblems: readonly AnyProblem[] = [WebhookHeadersMissing, WebhookSignatureInvalid]

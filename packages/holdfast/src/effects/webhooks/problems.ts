import { type AnyProblemType, problem, type ProblemType } from '../../kernel/problem/problem.ts'

type Plain<Code extends string> = ProblemType<Code, Record<never, never>>

/** An incoming webhook lacks one of its headers. */
export const WebhookHeadersMissing: Plain<'webhook-headers-missing'> = problem('webhook-headers-missing', {
  status: 400,
  title: 'The webhook is not signed',
  description:
    'A webhook comes with the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, as Standard Webhooks says (https://www.standardwebhooks.com).',
})

/**
 * The signature of an incoming webhook does not match any secret of the sender, or its timestamp is
 * off.
 */
export const WebhookSignatureInvalid: Plain<'webhook-signature-invalid'> = problem(
  'webhook-signature-invalid',
  {
    status: 401,
    title: 'The signature of the webhook is not valid',
    description:
      'One of the signatures in `webhook-signature` has to be `v1,` and the HMAC-SHA256, in base64, of the id, the timestamp and the bytes of the body, with full stops between them, under the secret that both sides know; and the timestamp has to be within five minutes of the present. The usual reasons: another secret, a body that something on the way has written anew, a clock that is wrong.',
  },
)

/** Webhooks cannot be sent to the URL of an endpoint. */
export const WebhookUrlInvalid: Plain<'webhook-url-invalid'> = problem('webhook-url-invalid', {
  status: 422,
  title: 'Webhooks cannot be sent to this URL',
  description:
    'It must be an absolute https URL of a host on the public internet, with no user name and no fragment.',
})

/** An endpoint requests an event that the service does not send as a webhook. */
export const WebhookEventUnknown: Plain<'webhook-event-unknown'> = problem('webhook-event-unknown', {
  status: 422,
  title: 'There is no such event',
  description: 'An endpoint gets events that the service sends as webhooks; the detail lists them.',
})

/** The endpoint does not exist, or belongs to another owner. */
export const WebhookEndpointUnknown: Plain<'webhook-endpoint-unknown'> = problem('webhook-endpoint-unknown', {
  status: 404,
  title: 'There is no such webhook endpoint',
  description: 'It has been removed, or has never been one of yours.',
})

/** The delivery does not exist, or belongs to another owner. */
export const WebhookDeliveryUnknown: Plain<'webhook-delivery-unknown'> = problem('webhook-delivery-unknown', {
  status: 404,
  title: 'There is no such webhook delivery',
  description:
    'It is older than deliveries are kept, its endpoint has been removed, or it was not one of yours.',
})

/** The body of the delivery was erased with the data of a person, so it cannot be sent again. */
export const WebhookDeliveryErased: Plain<'webhook-delivery-erased'> = problem('webhook-delivery-erased', {
  status: 410,
  title: 'The content of the webhook delivery has been erased',
  description:
    'It contained data of a person, which has been erased. The record of the delivery is kept, but it cannot be sent again.',
})

/** The endpoint is disabled, so deliveries to it cannot be replayed. */
export const WebhookEndpointDisabled: Plain<'webhook-endpoint-disabled'> = problem(
  'webhook-endpoint-disabled',
  {
    status: 409,
    title: 'The webhook endpoint is disabled',
    description: 'Enable it first; what was not delivered meanwhile can then be replayed.',
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
export const incomingWebhookProblems: readonly AnyProblemType[] = [
  WebhookHeadersMissing,
  WebhookSignatureInvalid,
]

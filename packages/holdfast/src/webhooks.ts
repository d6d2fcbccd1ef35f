export type { StatementClient } from './storage/postgres/statement/statement-client.ts'
export type { DeliveryList, Deliveries } from './effects/webhooks/deliveries.ts'
export { type DisabledEndpoint, WebhookEndpointFailed } from './effects/webhooks/endpoint-disabled.ts'
export type {
  EndpointDefinition,
  Endpoints,
  EndpointUpdate,
  WithOwner as Owned,
  SecretRotation,
} from './effects/webhooks/endpoints.ts'
export { incomingWebhook, type IncomingWebhookDefinition } from './effects/webhooks/incoming-webhook.ts'
export {
  WebhookDeliveryErased,
  WebhookDeliveryUnknown,
  WebhookEndpointDisabled,
  WebhookEndpointUnknown,
  WebhookEventUnknown,
  WebhookHeadersMissing,
  webhookProblems,
  WebhookSignatureInvalid,
  WebhookUrlInvalid,
} from './effects/webhooks/problems.ts'
export type { ReplayRange } from './effects/webhooks/replay.ts'
export { signWebhook, type UnsignedWebhook, type WebhookHeaders } from './effects/webhooks/sign-webhook.ts'
export type { WebhookSender } from './effects/webhooks/signed-webhook.ts'
export {
  type ReceivedWebhook,
  type VerifiedWebhook,
  type WebhookVerification,
  verifyWebhook,
} from './effects/webhooks/verify-webhook.ts'
export type { WebhookDelivery, WebhookAttempt } from './effects/webhooks/webhook-delivery.ts'
export type { NewWebhookEndpoint, WebhookEndpoint } from './effects/webhooks/webhook-endpoint.ts'
export { createWebhookSecret } from './effects/webhooks/webhook-secret.ts'
export { type Webhooks, webhooks, type WebhooksDefinition } from './effects/webhooks/webhooks.ts'
export {
  disableWebhookEndpoint,
  enableWebhookEndpoint,
  type Page as Listed,
  listWebhookDeliveries,
  type ListWebhookDeliveriesOptions,
  listWebhookEndpoints,
  type ListWebhookEndpointsOptions,
  replayWebhookDeliveries,
  replayWebhookDelivery,
} from './effects/webhooks/webhooks-admin.ts'

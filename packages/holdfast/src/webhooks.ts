export type { StatementClient } from './postgres/statement-client.ts'
export type { DeliveryList, Deliveries } from './webhooks/deliveries.ts'
export { type DisabledEndpoint, WebhookEndpointFailed } from './webhooks/endpoint-disabled.ts'
export type {
  EndpointDefinition,
  Endpoints,
  EndpointUpdate,
  Owned,
  SecretRotation,
} from './webhooks/endpoints.ts'
export { incomingWebhook, type IncomingWebhookDefinition } from './webhooks/incoming-webhook.ts'
export {
  WebhookDeliveryUnknown,
  WebhookEndpointDisabled,
  WebhookEndpointUnknown,
  WebhookEventUnknown,
  WebhookHeadersMissing,
  webhookProblems,
  WebhookSignatureInvalid,
  WebhookUrlInvalid,
} from './webhooks/problems.ts'
export type { ReplayRange } from './webhooks/replay.ts'
export { signWebhook, type UnsignedWebhook, type WebhookHeaders } from './webhooks/sign-webhook.ts'
export type { WebhookSender } from './webhooks/signed-webhook.ts'
export {
  type ReceivedWebhook,
  type VerifiedWebhook,
  type WebhookVerification,
  verifyWebhook,
} from './webhooks/verify-webhook.ts'
export type { WebhookDelivery, WebhookTry } from './webhooks/webhook-delivery.ts'
export type { NewWebhookEndpoint, WebhookEndpoint } from './webhooks/webhook-endpoint.ts'
export { createWebhookSecret } from './webhooks/webhook-secret.ts'
export { type Webhooks, webhooks, type WebhooksDefinition } from './webhooks/webhooks.ts'
export {
  disableWebhookEndpoint,
  enableWebhookEndpoint,
  type Listed,
  listWebhookDeliveries,
  type ListWebhookDeliveriesOptions,
  listWebhookEndpoints,
  type ListWebhookEndpointsOptions,
  replayWebhookDeliveries,
  replayWebhookDelivery,
} from './webhooks/webhooks-admin.ts'

export {
  listDeadMessages,
  listMessages,
  type ListMessagesOptions,
  listSubscriptions,
  type MovedSubscription,
  moveSubscription,
  redriveDeadMessages,
  type RelayFailure,
  removeSubscription,
  republish,
  skipDeadMessages,
  type StoredDeadMessage,
  type StoredMessage,
  type SubscriptionReference,
  type SubscriptionState,
  type SubscriptionTarget,
} from './outbox/outbox-admin.ts'
export type { SubscriptionKind } from './outbox/subscription.ts'
export type { StatementClient } from './postgres/statement-client.ts'

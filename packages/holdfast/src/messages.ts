export {
  listDeadMessages,
  listMessages,
  type ListMessagesOptions,
  redriveDeadMessages,
  republish,
  skipDeadMessages,
  type StoredDeadMessage,
  type StoredMessage,
} from './effects/messages/messages-admin.ts'
export {
  listSubscriptions,
  type MovedSubscription,
  moveSubscription,
  type RelayFailure,
  removeSubscription,
  type SubscriptionMove,
  type SubscriptionReference,
  type SubscriptionState,
  type SubscriptionTarget,
} from './effects/messages/subscriptions-admin.ts'
export type { SubscriptionKind } from './effects/messages/subscription.ts'
export type { StatementClient } from './storage/postgres/statement/statement-client.ts'

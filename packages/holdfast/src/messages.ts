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
} from './effects/messages/messages-admin.ts'
export type { SubscriptionKind } from './effects/messages/subscription.ts'
export type { StatementClient } from './storage/postgres/statement/statement-client.ts'

export {
  forgetRelay,
  listMessages,
  type ListMessagesOptions,
  listRelays,
  type MovedRelay,
  moveRelay,
  type RelayFailure,
  type RelayState,
  type RelayTarget,
  republish,
  type StoredMessage,
} from './outbox/outbox-admin.ts'
export type { StatementClient } from './postgres/statement-client.ts'

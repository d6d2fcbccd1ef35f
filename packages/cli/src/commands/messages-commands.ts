import type { Command } from '../command.ts'
import { messagesDead, messagesRedrive, messagesSkip } from './messages-dead.ts'
import { messagesList } from './messages-list.ts'
import { messagesRemove } from './messages-remove.ts'
import { messagesRewind } from './messages-rewind.ts'
import { messagesRelays, messagesSubscriptions } from './messages-subscriptions.ts'

/** The commands of messages, in the order of the help. */
export const messagesCommands: readonly Command[] = [
  messagesList,
  messagesRelays,
  messagesSubscriptions,
  messagesRewind,
  messagesRemove,
  messagesDead,
  messagesRedrive,
  messagesSkip,
]

import {
  listDeadMessages,
  redriveDeadMessages,
  skipDeadMessages,
  type StoredDeadMessage,
} from 'holdfast/messages'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { formatAge } from '../format-time.ts'
import { text } from '../option.ts'
import { present } from '../present.ts'
import { limitOption } from '../row-list.ts'
import type { Screen } from '../screen.ts'
import { type Column, table } from '../table.ts'

/** Lists dead letters of subscribers. */
export const messagesDead: Command = command({
  name: 'messages dead',
  summary: 'List messages that a subscriber failed to handle, newest first.',
  details: 'Messages that a consumer failed to handle are dead jobs: "jobs list --state dead".',
  options: {
    subscriber: text('name', 'Only dead letters of this subscriber.'),
    limit: limitOption,
  },
  async run({ options: { subscriber, limit }, client }) {
    const messages = await listDeadMessages(client, {
      limit,
      ...present({ subscriber }),
    })
    return {
      data: { messages },
      text: (screen) => (messages.length === 0 ? 'None.' : table(columnsOf(screen), messages, screen)),
    }
  },
})

/** Redrives dead letters to their subscriber. */
export const messagesRedrive: Command = command({
  name: 'messages redrive',
  summary: 'Redrive dead letters to their subscriber.',
  arguments: ['subscriber'],
  options: { id: text('message', 'Only the dead letter of this message. Default: all.') },
  async run({ arguments: [subscriber = ''], options: { id }, client }) {
    const messages = await redriveDeadMessages(client, subscriber, id)
    return { data: { messages }, text: () => `${count(messages.length, 'message')} redriven.` }
  },
})

/** Deletes dead letters. */
export const messagesSkip: Command = command({
  name: 'messages skip',
  summary: 'Delete dead letters of a subscriber, so that it never handles them.',
  arguments: ['subscriber'],
  options: { id: text('message', 'Only the dead letter of this message. Default: all.') },
  async run({ arguments: [subscriber = ''], options: { id }, client }) {
    const messages = await skipDeadMessages(client, subscriber, id)
    return { data: { messages }, text: () => `${count(messages.length, 'message')} skipped.` }
  },
})

function columnsOf({ now }: Screen): readonly Column<StoredDeadMessage>[] {
  return [
    { title: 'MESSAGE', value: ({ id }) => id },
    { title: 'SUBSCRIBER', value: ({ subscriber }) => subscriber },
    { title: 'EVENT', value: ({ event }) => event, isFlexible: true },
    { title: 'KEY', value: ({ key }) => key, isFlexible: true },
    { title: 'AGE', value: ({ diedAt }) => formatAge(diedAt, now) },
    { title: 'REDRIVEN', value: ({ isRedriven }) => (isRedriven ? 'yes' : '') },
  ]
}

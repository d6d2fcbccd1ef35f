import { listMessages, type StoredMessage } from 'holdfast/messages'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { flag, text, time, wholeNumber } from '../option.ts'
import { redactJson } from '../redact-stored.ts'
import type { Screen } from '../screen.ts'
import { type Column, table } from '../table.ts'

/** Lists messages. */
export const messagesList: Command = command({
  name: 'messages list',
  summary: 'List messages, newest first.',
  options: {
    event: text('event', 'Only messages of this event.'),
    key: text('key', 'Only messages with this key.'),
    new: flag('Only messages that are not dispatched yet.'),
    since: time('Only messages published at this time or later.'),
    until: time('Only messages published after this time.'),
    after: text('id', 'List the messages after this one (next page).'),
    limit: wholeNumber('Max number of rows.', { min: 1, max: 1_000, initial: 50 }),
    'show-payload': flag('Show payloads unredacted. By default, values with sensitive names are hidden.'),
  },
  async run({ options: { event, key, new: isNew, since, until, after, limit, ...options }, client }) {
    const found = await listMessages(client, {
      limit,
      ...(event === undefined ? {} : { event }),
      ...(key === undefined ? {} : { key }),
      ...(isNew ? { isNew } : {}),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(after === undefined ? {} : { after }),
    })
    const messages = options['show-payload']
      ? found
      : found.map((message) => ({ ...message, payload: redactJson(message.payload) }))
    const last = messages.length === limit ? messages.at(-1) : undefined
    return {
      data: { messages },
      text: (screen) =>
        [
          messages.length === 0 ? 'None found.' : table(columnsOf(screen), messages, screen),
          ...(last ? [`There may be more: --after ${last.id}`] : []),
        ].join('\n'),
    }
  },
})

function columnsOf({ now }: Screen): readonly Column<StoredMessage>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'EVENT', value: ({ event }) => event, isFlexible: true },
    { title: 'KEY', value: ({ key }) => key, isFlexible: true },
    { title: 'POSITION', value: ({ position }) => position ?? 'new' },
    { title: 'AGE', value: ({ publishedAt }) => formatAge(publishedAt, now) },
    {
      title: 'PAYLOAD',
      value: ({ payload }) => JSON.stringify(payload),
      isFlexible: true,
      isOptional: true,
    },
  ]
}

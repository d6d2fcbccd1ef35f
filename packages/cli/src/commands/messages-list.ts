import { listMessages, type StoredMessage } from 'holdfast/messages'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { flag, text, time } from '../option.ts'
import { redactJson } from '../redact-stored.ts'
import { present } from '../present.ts'
import { limitOption, rowList } from '../row-list.ts'
import type { Screen } from '../screen.ts'
import type { Column } from '../table.ts'

/** Lists messages. */
export const messagesList: Command = command({
  name: 'messages list',
  summary: 'List messages, newest first.',
  options: {
    event: text('event', 'Only messages of this event.'),
    key: text('key', 'Only messages with this key.'),
    new: flag('Only messages that are not dispatched yet.'),
    since: time('Only messages published at this time or later.'),
    until: time('Only messages published before this time.'),
    after: text('id', 'List the messages after the message with this id (next page).'),
    limit: limitOption,
    'show-payload': flag('Show payloads unredacted. By default, values with sensitive names are hidden.'),
  },
  async run({ options: { event, key, new: isNew, since, until, after, limit, ...options }, client }) {
    const found = await listMessages(client, {
      limit,
      ...present({ event, key }),
      ...(isNew ? { isNew } : {}),
      ...present({ since, until, after }),
    })
    const messages = options['show-payload']
      ? found
      : found.map((message) => ({ ...message, payload: redactJson(message.payload) }))
    return {
      data: { messages },
      text: (screen) =>
        rowList(
          {
            rows: messages,
            columns: columnsOf(screen),
            limit,
            more: ({ id }) => `--after ${id}`,
          },
          screen,
        ),
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

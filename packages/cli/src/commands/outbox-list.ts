import { listMessages, type StoredMessage } from 'holdfast/outbox'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { flag, text, time, wholeNumber } from '../option.ts'
import { redactJson } from '../redact-stored.ts'
import type { Screen } from '../screen.ts'
import { type Column, table } from '../table.ts'

/** Lists messages. */
export const outboxList: Command = command({
  name: 'outbox list',
  summary: 'Lists messages, those that were published last first.',
  options: {
    event: text('event', 'Those of this event.'),
    key: text('key', 'Those of this key.'),
    new: flag('Those that nobody has heard of yet.'),
    since: time('Those that were published at this time or later.'),
    until: time('Those that were published before this time.'),
    before: text('id', 'Those behind this one: the next page.'),
    limit: wholeNumber('How many at most.', { min: 1, max: 1_000, initial: 50 }),
    'show-payload': flag(
      'Shows payloads as they are. Unless given, values are hidden whose names say that they are secret.',
    ),
  },
  async run({ options: { event, key, new: isNew, since, until, before, limit, ...options }, client }) {
    const found = await listMessages(client, {
      limit,
      ...(event === undefined ? {} : { event }),
      ...(key === undefined ? {} : { key }),
      ...(isNew ? { isNew } : {}),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(before === undefined ? {} : { before }),
    })
    const messages = options['show-payload']
      ? found
      : found.map((message) => ({ ...message, payload: redactJson(message.payload) }))
    const last = messages.length === limit ? messages.at(-1) : undefined
    return {
      data: { messages },
      text: (screen) =>
        [
          messages.length === 0 ? 'There are none.' : table(columnsOf(screen), messages, screen),
          ...(last ? [`There may be more: --before ${last.id}`] : []),
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

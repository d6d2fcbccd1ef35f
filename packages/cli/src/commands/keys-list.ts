import { type ListedKey, listKeys } from 'holdfast/idempotency'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { text, time } from '../option.ts'
import { present } from '../present.ts'
import { limitOption, rowList } from '../row-list.ts'
import type { Screen } from '../screen.ts'
import type { Column } from '../table.ts'

/** Lists idempotency keys. */
export const keysList: Command = command({
  name: 'keys list',
  summary: 'List idempotency keys with stored answers, newest first.',
  options: {
    scope: text(
      'scope',
      `Only keys of this caller, as shown in the list: '[null,"user","ada"]'. '' selects keys without a caller.`,
    ),
    since: time('Only keys answered at this time or later.'),
    until: time('Only keys answered before this time.'),
    limit: limitOption,
  },
  async run({ options: { scope, since, until, limit }, client }) {
    const keys = await listKeys(client, {
      limit,
      ...present({ scope, since, until }),
    })
    return {
      data: { keys },
      text: (screen) =>
        rowList(
          {
            rows: keys,
            columns: columnsOf(screen),
            limit,
            more: () => 'raise --limit, or narrow the range with --since and --until.',
          },
          screen,
        ),
    }
  },
})

function columnsOf({ now }: Screen): readonly Column<ListedKey>[] {
  return [
    { title: 'KEY', value: ({ key }) => key, isFlexible: true },
    { title: 'SCOPE', value: ({ scope }) => scope, isFlexible: true },
    { title: 'STATUS', value: ({ status }) => String(status) },
    { title: 'BYTES', value: ({ bodyBytes }) => String(bodyBytes), isOptional: true },
    { title: 'AGE', value: ({ createdAt }) => formatAge(createdAt, now) },
  ]
}

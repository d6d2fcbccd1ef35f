import { type ListedKey, listKeys } from 'holdfast/idempotency'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { text, time, wholeNumber } from '../option.ts'
import type { Screen } from '../screen.ts'
import { type Column, table } from '../table.ts'

/** Lists idempotency keys. */
export const keysList: Command = command({
  name: 'keys list',
  summary: 'List idempotency keys with stored answers, newest first.',
  options: {
    scope: text(
      'scope',
      `Only keys of this caller, as shown in the list: '[null,"user","ada"]'. '' is no caller.`,
    ),
    since: time('Only keys answered at this time or later.'),
    until: time('Only keys answered before this time.'),
    limit: wholeNumber('Max number of rows.', { min: 1, max: 1_000, initial: 50 }),
  },
  async run({ options: { scope, since, until, limit }, client }) {
    const keys = await listKeys(client, {
      limit,
      ...(scope === undefined ? {} : { scope }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    })
    return {
      data: { keys },
      text: (screen) =>
        [
          keys.length === 0 ? 'None found.' : table(columnsOf(screen), keys, screen),
          ...(keys.length === limit
            ? ['There may be more: raise --limit, or narrow the range with --since and --until.']
            : []),
        ].join('\n'),
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

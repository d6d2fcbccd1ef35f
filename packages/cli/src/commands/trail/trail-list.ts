import { type ListedTrailEntry, listTrail } from 'holdfast/identity'
import { type Command, command } from '../../command.ts'
import { formatAge } from '../../format-time.ts'
import { text, time } from '../../option.ts'
import { present } from '../../present.ts'
import { limitOption, rowList } from '../../row-list.ts'
import type { Screen } from '../../screen.ts'
import type { Column } from '../../table.ts'

/** Lists entries of the trail. */
export const trailList: Command = command({
  name: 'trail list',
  summary: 'List who did what to which, newest first.',
  options: {
    service: text('name', 'Only calls of this service.'),
    caller: text('id', 'Only calls of callers with this id.'),
    tenant: text('name', 'Only calls in this tenant.'),
    operation: text('name', 'Only calls of this operation.'),
    target: text('name', 'Only calls with this target.'),
    since: time('Only calls at this time or later.'),
    until: time('Only calls before this time.'),
    after: text('cursor', 'Start after this entry (next page).'),
    limit: limitOption,
  },
  async run({ options: { limit, ...filters }, client }) {
    const entries = await listTrail(client, { limit, ...present(filters) })
    return {
      data: { entries },
      text: (screen) =>
        rowList(
          {
            rows: entries,
            columns: columnsOf(screen),
            limit,
            more: ({ cursor }) => `--after ${cursor}`,
          },
          screen,
        ),
    }
  },
})

function columnsOf({ now }: Screen): readonly Column<ListedTrailEntry>[] {
  return [
    { title: 'POSITION', value: ({ position }) => position ?? '' },
    { title: 'SERVICE', value: ({ service }) => service, isOptional: true },
    { title: 'TENANT', value: ({ tenant }) => tenant ?? '', isOptional: true },
    {
      title: 'CALLER',
      value: ({ callerKind, callerId }) => `${callerKind} ${callerId ?? ''}`,
      isFlexible: true,
    },
    { title: 'OPERATION', value: ({ operation }) => operation, isFlexible: true },
    { title: 'TARGET', value: ({ target }) => target ?? '', isFlexible: true },
    { title: 'STATUS', value: ({ status }) => String(status) },
    { title: 'AGE', value: ({ at }) => formatAge(at, now) },
  ]
}

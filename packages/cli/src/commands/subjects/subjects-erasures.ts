import { listErasures, type StoredErasure } from 'holdfast/erasure'
import { type Command, command } from '../../command.ts'
import { formatAge } from '../../format-time.ts'
import { text } from '../../option.ts'
import { present } from '../../present.ts'
import { limitOption } from '../../row-list.ts'
import type { Screen } from '../../screen.ts'
import { type Column, table } from '../../table.ts'

/** Lists the records of erasures. */
export const subjectsErasures: Command = command({
  name: 'subjects erasures',
  summary: 'List the records of erasures, newest first.',
  options: {
    service: text('service', 'Only erasures in this service.'),
    subject: text('subject', 'Only erasures of this subject.'),
    limit: limitOption,
  },
  async run({ options: { service, subject, limit }, client }) {
    const erasures = await listErasures(client, {
      limit,
      ...present({ service, subject }),
    })
    return {
      data: { erasures },
      text: (screen) => (erasures.length === 0 ? 'None.' : table(columnsOf(screen), erasures, screen)),
    }
  },
})

function columnsOf({ now }: Screen): readonly Column<StoredErasure>[] {
  return [
    { title: 'SUBJECT', value: ({ subject }) => subject },
    { title: 'SERVICE', value: ({ service }) => service },
    { title: 'ROLE', value: ({ role }) => role, isOptional: true },
    { title: 'REFERENCE', value: ({ reference }) => reference ?? '', isFlexible: true },
    {
      title: 'ERASED',
      value: ({ erased }) =>
        Object.entries(erased)
          .map(([kind, number]) => `${number} ${kind}`)
          .join(', '),
      isFlexible: true,
    },
    { title: 'LEFT', value: ({ held }) => (held === null ? 'interrupted' : String(held)) },
    { title: 'AGE', value: ({ beganAt }) => formatAge(beganAt, now) },
  ]
}

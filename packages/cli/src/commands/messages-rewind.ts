import { moveSubscription } from 'holdfast/messages'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { flag, text, time } from '../option.ts'
import { printable } from '../printable.ts'
import { usageInvalid } from '../usage-invalid.ts'
import { present } from '../present.ts'

/** Moves one relay. */
export const messagesRewind: Command = command({
  name: 'messages rewind',
  summary: 'Rewind a relay, so that it sends messages again from a position or a time.',
  details: 'Pass either --to or --since. Brokers drop duplicates within their deduplication window.',
  arguments: ['relay'],
  options: {
    to: text('position', 'Send the messages after this position; 0 is the beginning.'),
    since: time('Send the messages published at this time or later.'),
    service: text('name', 'Service of the relay. Required if several services have a relay of this name.'),
    skip: flag('Allow moving forward: the skipped messages are never sent.'),
  },
  check({ to, since }) {
    if ((to === undefined) === (since === undefined)) throw usageInvalid('Pass either --to or --since.')
    if (to !== undefined && !/^\d{1,18}$/.test(to))
      throw usageInvalid(`--to ${to}: must be a position, an integer as shown by "messages list".`)
  },
  async run({ arguments: [name = ''], options: { to, since, skip, service }, client }) {
    const relay = { kind: 'relay', name, ...present({ service }) } as const
    const target = since === undefined ? { position: to ?? '0' } : { since }
    const moved = await moveSubscription(client, relay, { ...target, maySkip: skip })
    return {
      data: moved,
      text: () =>
        `${printable(moved.name)} continues after position ${moved.position}, with ${count(moved.messages, 'message')} to send.`,
    }
  },
})

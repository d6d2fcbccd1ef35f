import { HoldfastError } from 'holdfast'
import { listSubscriptions, moveSubscription } from 'holdfast/outbox'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { flag, text, time } from '../option.ts'
import { printable } from '../printable.ts'
import { usageInvalid } from '../usage-invalid.ts'

/** Moves one relay. */
export const outboxRewind: Command = command({
  name: 'outbox rewind',
  summary: 'Has a relay send messages again, from a position or a time on.',
  details: 'Give either --to or --since. Brokers drop what they know already, as long as they remember it.',
  arguments: ['relay'],
  options: {
    to: text('position', 'Sends what is behind this position; 0 is the beginning.'),
    since: time('Sends what was published at this time or later.'),
    service: text('name', 'Its service, if several have a relay of this name.'),
    skip: flag('Lets it move on as well: what it has not sent up to there, it never sends.'),
  },
  check({ to, since }) {
    if ((to === undefined) === (since === undefined)) throw usageInvalid('Give either --to or --since.')
    if (to !== undefined && !/^\d{1,18}$/.test(to))
      throw usageInvalid(`--to ${to}: it has to be a position, a whole number as "outbox list" has it.`)
  },
  async run({ arguments: [name = ''], options: { to, since, skip, service }, client }) {
    await client.query('begin')
    const before = (await listSubscriptions(client, 'relay')).find(
      (relay) => relay.name === name && (service ?? relay.service) === relay.service,
    )
    const target = since === undefined ? { position: to ?? '0' } : { since }
    const relay = { kind: 'relay', name, ...(service === undefined ? {} : { service }) } as const
    const moved = await moveSubscription(client, relay, target)
    if (before && !skip && BigInt(moved.position) > BigInt(before.position)) {
      throw new HoldfastError(
        'relay-would-skip',
        `The relay "${name}" has sent up to position ${before.position}; behind ${moved.position}, it would never send what is between them. Nothing has been moved. Give --skip if that is meant.`,
      )
    }
    await client.query('commit')
    return {
      data: moved,
      text: () =>
        `${printable(moved.name)} goes on behind position ${moved.position}, with ${count(moved.messages, 'message')} to send.`,
    }
  },
})

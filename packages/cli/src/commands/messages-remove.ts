import { removeSubscription, type SubscriptionKind } from 'holdfast/messages'
import { type Command, command } from '../command.ts'
import { text } from '../option.ts'
import { printable } from '../printable.ts'
import { usageInvalid } from '../usage-invalid.ts'
import { present } from '../present.ts'

const kinds: readonly string[] = ['consumer', 'subscriber', 'relay'] satisfies SubscriptionKind[]

/** Removes a subscription. */
export const messagesRemove: Command = command({
  name: 'messages remove',
  summary: 'Remove a consumer, subscriber or relay that is no longer in use.',
  details:
    'A program that still uses it registers it again at its next start, and continues with the messages published from then on.',
  arguments: ['kind', 'name'],
  options: {
    service: text(
      'name',
      'Service of the subscription. Required if several services have a subscription of this name.',
    ),
  },
  async run({ arguments: [kind = '', name = ''], options: { service }, client }) {
    if (!kinds.includes(kind)) throw usageInvalid(`${kind}: the kind must be one of ${kinds.join(', ')}.`)
    const subscription = {
      kind: kind as SubscriptionKind,
      name,
      ...present({ service }),
    }
    await removeSubscription(client, subscription)
    return { data: { removed: subscription }, text: () => `The ${kind} ${printable(name)} was removed.` }
  },
})

import { listSubscriptions, type SubscriptionKind, type SubscriptionState } from 'holdfast/messages'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { redactText } from '../redact-stored.ts'
import type { Screen } from '../screen.ts'
import { type Column, table } from '../table.ts'

/** Lists consumers, subscribers and relays. */
export const messagesSubscriptions: Command = command({
  name: 'messages subscriptions',
  summary: 'List consumers, subscribers and relays with their positions and lag.',
  options: {},
  run: ({ client }) => listOf(client),
})

/** Lists relays. */
export const messagesRelays: Command = command({
  name: 'messages relays',
  summary: 'List relays with their positions and lag.',
  options: {},
  run: ({ client }) => listOf(client, 'relay'),
})

async function listOf(client: Parameters<typeof listSubscriptions>[0], kind?: SubscriptionKind) {
  const subscriptions = (await listSubscriptions(client, kind)).map(redactFailure)
  return {
    data: { subscriptions },
    text: (screen: Screen) =>
      subscriptions.length === 0 ? 'None registered.' : table(columnsOf(screen), subscriptions, screen),
  }
}

function redactFailure(subscription: SubscriptionState): SubscriptionState {
  const { failure } = subscription
  if (failure === null) return subscription
  return { ...subscription, failure: { ...failure, message: redactText(failure.message) } }
}

function columnsOf({ now }: Screen): readonly Column<SubscriptionState>[] {
  return [
    { title: 'SERVICE', value: ({ service }) => service, isOptional: true },
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'NAME', value: ({ name }) => name, isFlexible: true },
    { title: 'POSITION', value: ({ position }) => position },
    { title: 'BEHIND', value: ({ lagMessages }) => String(lagMessages) },
    {
      title: 'FOR',
      value: ({ lagSeconds, lagMessages }) =>
        lagMessages === 0 ? '' : formatAge(new Date(now.getTime() - lagSeconds * 1_000), now),
    },
    {
      title: 'HANDLED',
      value: ({ handledAt }) => (handledAt === null ? 'never' : `${formatAge(handledAt, now)} ago`),
    },
    { title: 'SEEN', value: ({ seenAt }) => `${formatAge(seenAt, now)} ago`, isOptional: true },
    { title: 'DEAD', value: ({ kind, deadMessages }) => (kind === 'subscriber' ? String(deadMessages) : '') },
    {
      title: 'FAILURE',
      value: ({ failure }) => (failure === null ? '' : `${failure.code}: ${failure.message}`),
      isFlexible: true,
    },
  ]
}

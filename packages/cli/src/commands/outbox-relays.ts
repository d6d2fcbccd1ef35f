import { listRelays, type RelayState } from 'holdfast/outbox'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { redactText } from '../redact-stored.ts'
import type { Screen } from '../screen.ts'
import { type Column, table } from '../table.ts'

/** Lists relays. */
export const outboxRelays: Command = command({
  name: 'outbox relays',
  summary: 'Lists relays: how far each has got, and what is behind that.',
  options: {},
  async run({ client }) {
    const relays = (await listRelays(client)).map(redactFailure)
    return {
      data: { relays },
      text: (screen) =>
        relays.length === 0 ? 'None has run yet.' : table(columnsOf(screen), relays, screen),
    }
  },
})

function redactFailure(relay: RelayState): RelayState {
  if (relay.failure === null) return relay
  return { ...relay, failure: { ...relay.failure, message: redactText(relay.failure.message) } }
}

function columnsOf({ now }: Screen): readonly Column<RelayState>[] {
  return [
    { title: 'NAME', value: ({ name }) => name, isFlexible: true },
    { title: 'POSITION', value: ({ position }) => position },
    { title: 'BEHIND', value: ({ lagMessages }) => String(lagMessages) },
    {
      title: 'FOR',
      value: ({ lagSeconds, lagMessages }) =>
        lagMessages === 0 ? '' : formatAge(new Date(now.getTime() - lagSeconds * 1_000), now),
    },
    { title: 'SENT', value: ({ sentAt }) => (sentAt === null ? 'never' : `${formatAge(sentAt, now)} ago`) },
    {
      title: 'FAILURE',
      value: ({ failure }) => (failure === null ? '' : `${failure.code}: ${failure.message}`),
      isFlexible: true,
    },
  ]
}

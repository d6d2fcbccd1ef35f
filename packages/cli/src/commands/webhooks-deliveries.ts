import { type Listed, listWebhookDeliveries, type WebhookDelivery } from 'holdfast/webhooks'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { text, wholeNumber, word } from '../option.ts'
import type { Screen } from '../screen.ts'
import { type Column, table } from '../table.ts'

/** Lists webhook deliveries. */
export const webhooksDeliveries: Command = command({
  name: 'webhooks deliveries',
  summary: 'List webhook deliveries with the result of their last attempt, newest first.',
  options: {
    service: text('name', 'Only those of this service.'),
    owner: text('owner', 'Only deliveries to endpoints of this owner.'),
    endpoint: text('id', 'Only deliveries to this endpoint.'),
    state: word(['pending', 'delivered', 'failed'], 'Only those in this state.'),
    after: text('position', 'Start after this position (next page).'),
    limit: wholeNumber('Max number of rows.', { min: 1, max: 1_000, initial: 50 }),
  },
  async run({ options: { service, owner, endpoint, state, after, limit }, client }) {
    const deliveries = await listWebhookDeliveries(client, {
      limit,
      ...(service === undefined ? {} : { service }),
      ...(owner === undefined ? {} : { owner }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(state === undefined ? {} : { state }),
      ...(after === undefined ? {} : { after }),
    })
    const last = deliveries.length === limit ? deliveries.at(-1) : undefined
    return {
      data: { deliveries },
      text: (screen) =>
        [
          deliveries.length === 0 ? 'None found.' : table(columnsOf(screen), deliveries, screen),
          ...(last ? [`There may be more: --after ${last.position}`] : []),
        ].join('\n'),
    }
  },
})

function columnsOf({ now }: Screen): readonly Column<Listed<WebhookDelivery>>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'SERVICE', value: ({ service }) => service },
    { title: 'ENDPOINT', value: ({ endpoint }) => endpoint },
    { title: 'EVENT', value: ({ event }) => event, isFlexible: true },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'TRIES', value: ({ attempts }) => String(attempts.length) },
    { title: 'AGE', value: ({ createdAt }) => formatAge(new Date(createdAt), now) },
    { title: 'LAST ATTEMPT', value: lastTryOf, isFlexible: true },
  ]
}

function lastTryOf({ attempts: [last] }: WebhookDelivery): string {
  if (!last) return ''
  return last.failure ? last.failure.message : String(last.status)
}

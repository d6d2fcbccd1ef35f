import { type Listed, listWebhookDeliveries, type WebhookDelivery } from 'holdfast/webhooks'
import { type Command, command } from '../command.ts'
import { formatAge } from '../format-time.ts'
import { text, wholeNumber, word } from '../option.ts'
import type { Screen } from '../screen.ts'
import { type Column, table } from '../table.ts'

/** Lists webhook deliveries. */
export const webhooksDeliveries: Command = command({
  name: 'webhooks deliveries',
  summary: 'Lists deliveries of webhooks with what their last try came to, the last ones first.',
  options: {
    service: text('name', 'Those of this service.'),
    owner: text('owner', 'Those to the endpoints of this owner.'),
    endpoint: text('id', 'Those to this endpoint.'),
    state: word(['pending', 'delivered', 'failed'], 'Those in this state.'),
    after: text('position', 'Those behind this position: the next page.'),
    limit: wholeNumber('How many at most.', { min: 1, max: 1_000, initial: 50 }),
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
          deliveries.length === 0 ? 'There are none.' : table(columnsOf(screen), deliveries, screen),
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
    { title: 'TRIES', value: ({ tries }) => String(tries.length) },
    { title: 'AGE', value: ({ createdAt }) => formatAge(new Date(createdAt), now) },
    { title: 'LAST TRY', value: lastTryOf, isFlexible: true },
  ]
}

function lastTryOf({ tries: [last] }: WebhookDelivery): string {
  if (!last) return ''
  return last.failure ? last.failure.message : String(last.status)
}

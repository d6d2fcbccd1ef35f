import { type Listed, listWebhookDeliveries, type WebhookDelivery } from 'holdfast/webhooks'
import { type Command, command } from '../../command.ts'
import { formatAge } from '../../format-time.ts'
import { text, word } from '../../option.ts'
import { present } from '../../present.ts'
import { limitOption, rowList } from '../../row-list.ts'
import type { Screen } from '../../screen.ts'
import type { Column } from '../../table.ts'

/** Lists webhook deliveries. */
export const webhooksDeliveries: Command = command({
  name: 'webhooks deliveries',
  summary: 'List webhook deliveries with the result of their last attempt, newest first.',
  options: {
    service: text('name', 'Only deliveries of this service.'),
    owner: text('owner', 'Only deliveries to endpoints of this owner.'),
    endpoint: text('id', 'Only deliveries to this endpoint.'),
    state: word(['pending', 'delivered', 'failed'], 'Only deliveries in this state.'),
    after: text('position', 'Start after this position (next page).'),
    limit: limitOption,
  },
  async run({ options: { service, owner, endpoint, state, after, limit }, client }) {
    const deliveries = await listWebhookDeliveries(client, {
      limit,
      ...present({ service, owner, endpoint, state, after }),
    })
    return {
      data: { deliveries },
      text: (screen) =>
        rowList(
          {
            rows: deliveries,
            columns: columnsOf(screen),
            limit,
            more: ({ position }) => `--after ${position}`,
          },
          screen,
        ),
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

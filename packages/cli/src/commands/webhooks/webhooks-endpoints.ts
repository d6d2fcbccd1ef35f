import { type Listed, listWebhookEndpoints, type WebhookEndpoint } from 'holdfast/webhooks'
import { type Command, command } from '../../command.ts'
import { formatAge } from '../../format-time.ts'
import { text, word } from '../../option.ts'
import { present } from '../../present.ts'
import { limitOption, rowList } from '../../row-list.ts'
import type { Screen } from '../../screen.ts'
import type { Column } from '../../table.ts'

/** Lists webhook endpoints. */
export const webhooksEndpoints: Command = command({
  name: 'webhooks endpoints',
  summary: 'List webhook endpoints, oldest first.',
  details: 'Secrets are not shown.',
  options: {
    service: text('name', 'Only endpoints of this service.'),
    owner: text('owner', 'Only endpoints of this owner.'),
    state: word(['enabled', 'disabled'], 'Only endpoints in this state.'),
    after: text('position', 'Start after this position (next page).'),
    limit: limitOption,
  },
  async run({ options: { service, owner, state, after, limit }, client }) {
    const endpoints = await listWebhookEndpoints(client, {
      limit,
      ...present({ service, owner, state, after }),
    })
    return {
      data: { endpoints },
      text: (screen) =>
        rowList(
          {
            rows: endpoints,
            columns: columnsOf(screen),
            limit,
            more: ({ position }) => `--after ${position}`,
          },
          screen,
        ),
    }
  },
})

function columnsOf({ now }: Screen): readonly Column<Listed<WebhookEndpoint>>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'SERVICE', value: ({ service }) => service },
    { title: 'OWNER', value: ({ owner }) => owner, isFlexible: true },
    { title: 'URL', value: ({ url }) => url, isFlexible: true },
    { title: 'STATE', value: ({ state }) => state },
    {
      title: 'FAILING FOR',
      value: ({ failingSince }) => (failingSince === null ? '' : formatAge(new Date(failingSince), now)),
    },
    { title: 'REASON', value: ({ reason }) => reason ?? '', isFlexible: true, isOptional: true },
  ]
}

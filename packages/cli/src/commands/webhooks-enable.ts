import { enableWebhookEndpoint } from 'holdfast/webhooks'
import { type Command, command } from '../command.ts'
import { printable } from '../printable.ts'

/** Enables an endpoint. */
export const webhooksEnable: Command = command({
  name: 'webhooks enable',
  summary:
    'Sends to an endpoint again, as if it had never failed. What was not sent meanwhile is replayed on demand.',
  arguments: ['id'],
  options: {},
  async run({ arguments: [id = ''], client }) {
    const endpoint = await enableWebhookEndpoint(client, id)
    return { data: endpoint, text: () => `${printable(endpoint.url)} is enabled.` }
  },
})

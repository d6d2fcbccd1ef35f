import { enableWebhookEndpoint } from 'holdfast/webhooks'
import { type Command, command } from '../../command.ts'
import { printable } from '../../printable.ts'

/** Enables an endpoint. */
export const webhooksEnable: Command = command({
  name: 'webhooks enable',
  summary:
    'Resume sending to an endpoint and reset its failures. Deliveries that the endpoint missed while it was disabled are not sent; to send them, use "webhooks replay".',
  arguments: ['id'],
  options: {},
  async run({ arguments: [id = ''], client }) {
    const endpoint = await enableWebhookEndpoint(client, id)
    return { data: endpoint, text: () => `${printable(endpoint.url)} is enabled.` }
  },
})

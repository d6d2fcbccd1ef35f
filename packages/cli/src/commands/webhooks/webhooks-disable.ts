import { disableWebhookEndpoint } from 'holdfast/webhooks'
import { type Command, command } from '../../command.ts'
import { text } from '../../option.ts'
import { printable } from '../../printable.ts'

const defaultReason = 'Disabled by the operators of the service.'

/** Disables an endpoint. */
export const webhooksDisable: Command = command({
  name: 'webhooks disable',
  summary: 'Stop sending to an endpoint. Its owner sees the reason.',
  arguments: ['id'],
  options: { reason: text('text', `Reason shown to the owner. Default: "${defaultReason}"`) },
  async run({ arguments: [id = ''], options: { reason = defaultReason }, client }) {
    const endpoint = await disableWebhookEndpoint(client, id, reason)
    return { data: endpoint, text: () => `${printable(endpoint.url)} is disabled.` }
  },
})

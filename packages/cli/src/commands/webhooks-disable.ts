import { disableWebhookEndpoint } from 'holdfast/webhooks'
import { type Command, command } from '../command.ts'
import { text } from '../option.ts'
import { printable } from '../printable.ts'

const usualReason = 'It was disabled by the operators of the service.'

/** Disables an endpoint. */
export const webhooksDisable: Command = command({
  name: 'webhooks disable',
  summary: 'Sends nothing more to an endpoint, whose owner sees why.',
  arguments: ['id'],
  options: { reason: text('text', `What the owner is told. Default: "${usualReason}"`) },
  async run({ arguments: [id = ''], options: { reason = usualReason }, client }) {
    const endpoint = await disableWebhookEndpoint(client, id, reason)
    return { data: endpoint, text: () => `${printable(endpoint.url)} is disabled.` }
  },
})

import { readMode } from 'holdfast'
import { webhooks } from 'holdfast/webhooks'
import { TransferCreated } from './events.ts'

/** Sends a webhook about a transfer to both accounts. */
export const transferWebhooks = webhooks({
  events: [TransferCreated],
  ownerOf: ({ payload }) => [payload.from, payload.to],
  allowedHosts: readMode(process.env) === 'production' ? [] : ['localhost', '127.0.0.1'],
})

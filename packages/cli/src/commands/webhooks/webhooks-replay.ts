import { replayWebhookDeliveries, replayWebhookDelivery } from 'holdfast/webhooks'
import { type Command, command } from '../../command.ts'
import { count } from '../../count.ts'
import { flag, time } from '../../option.ts'
import { usageInvalid } from '../../usage-invalid.ts'
import { present } from '../../present.ts'

/** Sends webhook deliveries again. */
export const webhooksReplay: Command = command({
  name: 'webhooks replay',
  summary: 'Send a delivery again; with --since, send the deliveries to an endpoint again.',
  details:
    'A replay has the id and the body of the original, so receivers can deduplicate it by id. At most 10,000 deliveries are replayed at once, oldest first.',
  arguments: ['id'],
  options: {
    since: time(
      'Treat the id as an endpoint id, and replay its failed deliveries created at this time or later.',
    ),
    until: time('Only deliveries created before this time.'),
    all: flag('Also replay deliveries that succeeded.'),
  },
  check({ since, until, all }) {
    if (since === undefined && (until !== undefined || all))
      throw usageInvalid('--until and --all require --since and the id of an endpoint.')
  },
  async run({ arguments: [id = ''], options: { since, until, all }, client }) {
    if (since === undefined) {
      await replayWebhookDelivery(client, id)
      return { data: { replayed: 1 }, text: () => 'The delivery will be sent again.' }
    }
    const replayed = await replayWebhookDeliveries(client, {
      endpoint: id,
      since,
      which: all ? 'all' : 'failed',
      ...present({ until }),
    })
    return {
      data: { replayed },
      text: () => `${count(replayed, 'delivery', 'deliveries')} will be sent again.`,
    }
  },
})

import { replayWebhookDeliveries, replayWebhookDelivery } from 'holdfast/webhooks'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { flag, time } from '../option.ts'
import { usageInvalid } from '../usage-invalid.ts'

/** Sends webhook deliveries again. */
export const webhooksReplay: Command = command({
  name: 'webhooks replay',
  summary: 'Sends a delivery once more; with --since, those to an endpoint.',
  details:
    'What is sent has the id and the bytes that it had: receivers tell by the id that they have had it. At most 10,000 deliveries are sent at once, the oldest first.',
  arguments: ['id'],
  options: {
    since: time(
      'The id is that of an endpoint: those that were made at this time or later, and have failed.',
    ),
    until: time('Those that were made before this time.'),
    all: flag('Those that were delivered, too.'),
  },
  check({ since, until, all }) {
    if (since === undefined && (until !== undefined || all))
      throw usageInvalid('--until and --all go with --since, and the id of an endpoint.')
  },
  async run({ arguments: [id = ''], options: { since, until, all }, client }) {
    if (since === undefined) {
      await replayWebhookDelivery(client, id)
      return { data: { replayed: 1 }, text: () => 'The delivery is sent once more.' }
    }
    const replayed = await replayWebhookDeliveries(client, {
      endpoint: id,
      since,
      which: all ? 'all' : 'failed',
      ...(until === undefined ? {} : { until }),
    })
    return {
      data: { replayed },
      text: () => `${count(replayed, 'delivery', 'deliveries')} to be sent once more.`,
    }
  },
})

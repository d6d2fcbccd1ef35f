import { pruneTrail } from 'holdfast/identity'
import { type Command, command } from '../../command.ts'
import { time } from '../../option.ts'
import { printable } from '../../printable.ts'
import { usageInvalid } from '../../usage-invalid.ts'

/** Drops old partitions of the trail. */
export const trailPrune: Command = command({
  name: 'trail prune',
  summary: 'Verify the trail, and drop the months that ended before --before.',
  details:
    'The role must own the tables of the framework. Keep the printed anchors: they show that the rest of the trail continues what was dropped.',
  options: { before: time('Time before which a month must have ended. Required.') },
  check({ before }) {
    if (before === undefined)
      throw usageInvalid('--before is required: the time before which a month must have ended.')
  },
  async run({ options: { before }, client }) {
    const anchors = await pruneTrail(client, { before: before! })
    return {
      data: { anchors },
      text: () =>
        anchors.length === 0
          ? 'Nothing to drop.'
          : anchors
              .map(
                ({ service, partition, first, last, hash }) =>
                  `${printable(service)}: dropped ${partition}, positions ${first} to ${last} (${hash}).`,
              )
              .join('\n'),
    }
  },
})

import { countPrunableKeys, pruneKeys } from 'holdfast/idempotency'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { duration, flag } from '../option.ts'
import { readDurationMs } from '../read-time.ts'
import { usageInvalid } from '../usage-invalid.ts'

// The default retention of services: clients may send a key again for that long.
const usualRetention = '7d'

/** Deletes old idempotency keys. */
export const keysPrune: Command = command({
  name: 'keys prune',
  summary: 'Deletes idempotency keys that were answered longer ago than this.',
  details:
    'Services delete what has outlived their retention by themselves. A call with a key that is gone runs, though it may have run before.',
  options: {
    'older-than': duration('How long ago: 30d. Needed.'),
    'dry-run': flag('Tells how many there are, and deletes none.'),
    force: flag(
      `Deletes even what is younger than ${usualRetention}, which clients may send again, and which then runs twice.`,
    ),
  },
  check(options) {
    const olderThan = options['older-than']
    if (olderThan === undefined) throw usageInvalid('Say how old they have to be: --older-than 30d.')
    const isYoung = readDurationMs(olderThan)! < readDurationMs(usualRetention)!
    if (isYoung && !options.force && !options['dry-run']) {
      throw usageInvalid(
        `--older-than ${olderThan}: keys younger than ${usualRetention} may be sent again, and would run twice. Give --force if that is meant.`,
      )
    }
  },
  async run({ options, client }) {
    const olderThan = options['older-than']!
    if (options['dry-run']) {
      const keys = await countPrunableKeys(client, olderThan)
      return { data: { deleted: 0, prunable: keys }, text: () => `${count(keys, 'key')} would be deleted.` }
    }
    const deleted = await pruneKeys(client, olderThan)
    return { data: { deleted }, text: () => `${count(deleted, 'key')} deleted.` }
  },
})

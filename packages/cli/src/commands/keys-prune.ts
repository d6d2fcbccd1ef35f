import { countPrunableKeys, pruneKeys } from 'holdfast/idempotency'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { duration, flag } from '../option.ts'
import { readDurationMs } from '../read-time.ts'
import { usageInvalid } from '../usage-invalid.ts'

// The default retention of keys in a service. Clients may retry with a key during this time.
const defaultRetention = '7d'

/** Deletes old idempotency keys. */
export const keysPrune: Command = command({
  name: 'keys prune',
  summary: 'Delete idempotency keys that were answered longer ago than --older-than.',
  details:
    'Services delete keys themselves when the retention time has passed. If the key of a call was deleted, a retry runs the call again.',
  options: {
    'older-than': duration('Min age of the keys to delete, such as 30d. Required.'),
    'dry-run': flag('Count the keys without deleting any.'),
    force: flag(
      `Also delete keys younger than ${defaultRetention}. Clients may still retry these calls, which would then run twice.`,
    ),
  },
  check(options) {
    const olderThan = options['older-than']
    if (olderThan === undefined)
      throw usageInvalid(
        '--older-than is required: the min age of the keys to delete, such as --older-than 30d.',
      )
    const isYoung = readDurationMs(olderThan)! < readDurationMs(defaultRetention)!
    if (isYoung && !options.force && !options['dry-run']) {
      throw usageInvalid(
        `--older-than ${olderThan}: clients may still retry calls with keys younger than ${defaultRetention}, which would then run twice. Pass --force to delete these keys anyway.`,
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

import { skipJob } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { printable } from '../printable.ts'

/** Skips one dead job. */
export const jobsSkip: Command = command({
  name: 'jobs skip',
  summary: 'Skips a dead job: the later ones of its key, which wait behind it, go on.',
  details:
    'For messages of a consumer, and jobs with onDead: wait. It stays dead, and can still be redriven.',
  arguments: ['id'],
  options: {},
  async run({ arguments: [id = ''], client }) {
    const job = await skipJob(client, id)
    const how = job.wasHolding ? 'is skipped' : 'holds nothing up'
    return { data: job, text: () => `${printable(job.name)} ${job.id} ${how}.` }
  },
})

import { skipJob } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { printable } from '../printable.ts'

/** Skips one dead job. */
export const jobsSkip: Command = command({
  name: 'jobs skip',
  summary: 'Skip a dead job, so that it no longer blocks later jobs of its key.',
  details:
    'Applies to messages of a consumer and to jobs with onDead: wait. The job stays dead and can still be redriven.',
  arguments: ['id'],
  options: {},
  async run({ arguments: [id = ''], client }) {
    const job = await skipJob(client, id)
    const how = job.wasHolding ? 'is skipped' : 'blocks nothing'
    return { data: job, text: () => `${printable(job.name)} ${job.id} ${how}.` }
  },
})

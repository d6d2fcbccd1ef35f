import { redriveJobs } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { serviceOption } from '../common-options.ts'
import { count } from '../count.ts'
import { wholeNumber } from '../option.ts'

/** Redrives dead jobs. */
export const jobsRedrive: Command = command({
  name: 'jobs redrive',
  summary: 'Redrives the dead jobs of a name, the oldest first.',
  details:
    'All of their attempts are before them again. Steps that are done are not repeated, and limits hold. Of those that keep the same unique key until they end it is the last one, and none while another has not ended.',
  arguments: ['name'],
  options: {
    service: serviceOption,
    limit: wholeNumber('Max number of jobs.', { min: 1, max: 10_000, initial: 1_000 }),
  },
  async run({ arguments: [name = ''], options: { service, limit }, client }) {
    const redriven = await redriveJobs(client, name, { limit, ...(service === undefined ? {} : { service }) })
    return {
      data: redriven,
      text: () =>
        `${count(redriven.ids.length, 'job')} redriven, ${redriven.left === 0 ? 'none is' : `${count(redriven.left, 'is', 'are')}`} still dead.`,
    }
  },
})

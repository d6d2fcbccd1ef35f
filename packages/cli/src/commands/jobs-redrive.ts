import { redriveJobs } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { serviceOption } from '../common-options.ts'
import { count } from '../count.ts'
import { wholeNumber } from '../option.ts'
import { present } from '../present.ts'

/** Redrives dead jobs. */
export const jobsRedrive: Command = command({
  name: 'jobs redrive',
  summary: 'Redrive the dead jobs of a name, oldest first.',
  details:
    'Redriven jobs get all of their attempts again. Completed steps are not repeated, and limits still apply. If several dead jobs have the same unique key, and the key applies until a job has ended, only the newest is redriven. If an unfinished job has the key, none of them is redriven.',
  arguments: ['name'],
  options: {
    service: serviceOption,
    limit: wholeNumber('Max number of jobs.', { min: 1, max: 10_000, initial: 1_000 }),
  },
  async run({ arguments: [name = ''], options: { service, limit }, client }) {
    const redriven = await redriveJobs(client, name, { limit, ...present({ service }) })
    return {
      data: redriven,
      text: () => `${count(redriven.ids.length, 'job')} redriven, ${redriven.left} still dead.`,
    }
  },
})

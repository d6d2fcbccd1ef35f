import { redriveJobs } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { wholeNumber } from '../option.ts'

/** Has dead jobs begin anew. */
export const jobsRedrive: Command = command({
  name: 'jobs redrive',
  summary: 'Has the dead jobs of a name begin anew, the oldest first.',
  details:
    'All of their tries are before them again. Steps that are done stay so, and limits hold. Of those with the same unique key it is the last one, and none while another has not ended.',
  arguments: ['name'],
  options: { limit: wholeNumber('How many at most.', { min: 1, max: 10_000, initial: 1_000 }) },
  async run({ arguments: [name = ''], options: { limit }, client }) {
    const redriven = await redriveJobs(client, name, { limit })
    return {
      data: redriven,
      text: () =>
        `${count(redriven.ids.length, 'job')} redriven, ${redriven.left === 0 ? 'none is' : `${count(redriven.left, 'is', 'are')}`} still dead.`,
    }
  },
})

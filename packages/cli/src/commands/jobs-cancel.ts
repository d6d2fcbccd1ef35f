import { cancelJob } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { printable } from '../printable.ts'

/** Cancels one job. */
export const jobsCancel: Command = command({
  name: 'jobs cancel',
  summary: 'Cancel a job. A running job receives an abort signal; any other job is cancelled immediately.',
  arguments: ['id'],
  options: {},
  async run({ arguments: [id = ''], client }) {
    const job = await cancelJob(client, id)
    const how = job.isRunning ? 'is running and was asked to stop' : 'is cancelled'
    return { data: job, text: () => `${printable(job.name)} ${job.id} ${how}.` }
  },
})

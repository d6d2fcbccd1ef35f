import { cancelJob } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { printable } from '../printable.ts'

/** Cancels one job. */
export const jobsCancel: Command = command({
  name: 'jobs cancel',
  summary: 'Cancels a job: one that runs is told to end, any other ends.',
  arguments: ['id'],
  options: {},
  async run({ arguments: [id = ''], client }) {
    const job = await cancelJob(client, id)
    const how = job.isRunning ? 'runs, and has been told to end' : 'is cancelled'
    return { data: job, text: () => `${printable(job.name)} ${job.id} ${how}.` }
  },
})

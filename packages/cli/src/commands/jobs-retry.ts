import { retryJob } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { printable } from '../printable.ts'

/** Makes one job run now. */
export const jobsRetry: Command = command({
  name: 'jobs retry',
  summary: 'Has a job that is dead, or scheduled for later, run now.',
  details: 'What has failed still counts: a dead job has one more try. Its limits hold.',
  arguments: ['id'],
  options: {},
  async run({ arguments: [id = ''], client }) {
    const job = await retryJob(client, id)
    const when = job.state === 'gated' ? 'runs as soon as its limits let it' : 'runs now'
    return { data: job, text: () => `${printable(job.name)} ${job.id} ${when}.` }
  },
})

import { retryJob } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { printable } from '../printable.ts'

/** Makes one job run now. */
export const jobsRetry: Command = command({
  name: 'jobs retry',
  summary: 'Run a dead or scheduled job now.',
  details: 'Earlier failures still count: a dead job gets one more attempt. Limits still apply.',
  arguments: ['id'],
  options: {},
  async run({ arguments: [id = ''], client }) {
    const job = await retryJob(client, id)
    const when = job.state === 'limited' ? 'runs as soon as its limits allow' : 'runs now'
    return { data: job, text: () => `${printable(job.name)} ${job.id} ${when}.` }
  },
})

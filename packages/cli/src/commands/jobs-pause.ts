import { pauseJobs } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { printable } from '../printable.ts'

/** Has no job of a name begun any more. */
export const jobsPause: Command = command({
  name: 'jobs pause',
  summary: 'Has no job of a name begun any more, by any worker. Those that run go on.',
  details: 'More are enqueued as before, and wait. "jobs list" tells what is paused.',
  arguments: ['name'],
  options: {},
  async run({ arguments: [name = ''], client }) {
    const pause = await pauseJobs(client, name)
    return {
      data: pause,
      text: () =>
        `${printable(pause.name)} is paused. ${count(pause.jobs, 'job')} of that name ${pause.jobs === 1 ? 'has' : 'have'} not ended.`,
    }
  },
})

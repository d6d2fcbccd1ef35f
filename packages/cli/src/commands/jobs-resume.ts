import { resumeJobs } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { printable } from '../printable.ts'

/** Has the jobs of a name begun again. */
export const jobsResume: Command = command({
  name: 'jobs resume',
  summary: 'Has the jobs of a paused name begun again.',
  arguments: ['name'],
  options: {},
  async run({ arguments: [name = ''], client }) {
    const wasPaused = await resumeJobs(client, name)
    return {
      data: { name, wasPaused },
      text: () => `${printable(name)} ${wasPaused ? 'is begun again' : 'was not paused'}.`,
    }
  },
})

import { resumeJobs } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { serviceOption } from '../common-options.ts'
import { printable } from '../printable.ts'
import { present } from '../present.ts'

/** Resumes the jobs of a name. */
export const jobsResume: Command = command({
  name: 'jobs resume',
  summary: 'Resume the jobs of a paused name.',
  arguments: ['name'],
  options: { service: serviceOption },
  async run({ arguments: [name = ''], options: { service }, client }) {
    const wasPaused = await resumeJobs(client, name, present({ service }))
    return {
      data: { name, wasPaused },
      text: () => `${printable(name)} ${wasPaused ? 'is resumed' : 'was not paused'}.`,
    }
  },
})

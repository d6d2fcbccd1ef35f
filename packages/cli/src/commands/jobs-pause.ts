import { pauseJobs } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { serviceOption } from '../common-options.ts'
import { count } from '../count.ts'
import { printable } from '../printable.ts'
import { present } from '../present.ts'

/** Pauses the jobs of a name. */
export const jobsPause: Command = command({
  name: 'jobs pause',
  summary: 'Pause the jobs of a name: workers do not start them until "jobs resume". Running jobs continue.',
  details: 'Jobs can still be enqueued, but they wait. "jobs list" shows the paused names.',
  arguments: ['name'],
  options: { service: serviceOption },
  async run({ arguments: [name = ''], options: { service }, client }) {
    const pause = await pauseJobs(client, name, present({ service }))
    return {
      data: pause,
      text: () =>
        `${printable(pause.name)} is paused. ${count(pause.jobs, 'job')} of that name ${pause.jobs === 1 ? 'is' : 'are'} unfinished.`,
    }
  },
})

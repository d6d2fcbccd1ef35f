import { jobStates, type ListedJob, listJobs, listPauses } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { formatAge } from '../format-time.ts'
import { text, words } from '../option.ts'
import { printable } from '../printable.ts'
import { redactText } from '../redact-stored.ts'
import { present } from '../present.ts'
import { limitOption, rowList } from '../row-list.ts'
import type { Screen } from '../screen.ts'
import type { Column } from '../table.ts'

/** Lists jobs and the paused job names. */
export const jobsList: Command = command({
  name: 'jobs list',
  summary: 'List jobs, newest first.',
  options: {
    service: text('service', 'Service whose jobs are listed. Default: all services.'),
    name: text('name', 'Only jobs of this name.'),
    state: words(jobStates, {
      placeholder: 'states',
      description: `Only jobs in one of these states: ${jobStates.join(', ')}.`,
    }),
    after: text('id', 'List the jobs after the job with this id (next page).'),
    limit: limitOption,
  },
  async run({ options: { service, name, state, after, limit }, client }) {
    const found = await listJobs(client, {
      limit,
      ...present({ service, name, states: state, after }),
    })
    const jobs = found.map(redactFailure)
    const paused = await listPauses(client)
    return {
      data: { jobs, paused },
      text: (screen) =>
        [
          rowList(
            { rows: jobs, columns: columnsOf(screen), limit, more: ({ id }) => `--after ${id}` },
            screen,
          ),
          ...paused.map(
            ({ service: owner, name: one, pausedAt, jobs: waiting }) =>
              `Paused: ${printable(one)} of ${printable(owner)}, for ${formatAge(pausedAt, screen.now)}, with ${count(waiting, 'job')}.`,
          ),
        ].join('\n'),
    }
  },
})

function redactFailure(job: ListedJob): ListedJob {
  if (job.failure === null) return job
  return { ...job, failure: { ...job.failure, message: redactText(job.failure.message) } }
}

function columnsOf({ now }: Screen): readonly Column<ListedJob>[] {
  return [
    { title: 'ID', value: ({ id }) => id },
    { title: 'SERVICE', value: ({ service }) => service, isFlexible: true },
    { title: 'NAME', value: ({ name }) => name, isFlexible: true },
    { title: 'STATE', value: (job) => stateOf(job, now) },
    { title: 'FAILED', value: ({ failures }) => String(failures) },
    { title: 'AGE', value: ({ enqueuedAt }) => formatAge(enqueuedAt, now) },
    {
      title: 'FAILURE',
      value: ({ failure }) => (failure === null ? '' : `${failure.name}: ${failure.message}`),
      isFlexible: true,
      isOptional: true,
    },
  ]
}

function stateOf({ state, runAt, isCancelled }: ListedJob, now: Date): string {
  if (state === 'running' && isCancelled) return 'cancelling'
  if (state !== 'scheduled' || runAt === null || runAt <= now) return state
  return `${state} ${formatAge(runAt, now)}`
}

import type { Json } from 'holdfast'
import { showJob, type StoredJob, type StoredStep } from 'holdfast/jobs'
import { type Command, command } from '../command.ts'
import { count } from '../count.ts'
import { fields } from '../fields.ts'
import { formatTime } from '../format-time.ts'
import { flag } from '../option.ts'
import { printableJson } from '../printable.ts'
import { redactJson, redactText } from '../redact-stored.ts'
import type { Screen } from '../screen.ts'
import { table } from '../table.ts'

/** Shows one job. */
export const jobsShow: Command = command({
  name: 'jobs show',
  summary: 'Show a job: its input, last failure, steps and worker.',
  arguments: ['id'],
  options: {
    'show-input': flag(
      'Show the input, the progress and the step results unredacted. By default, values with sensitive names are hidden.',
    ),
  },
  async run({ arguments: [id = ''], options, client }) {
    const found = await showJob(client, id)
    const job = options['show-input'] ? found : redactJob(found)
    return { data: job, text: (screen) => describe(job, screen) }
  },
})

function redactJob(job: StoredJob): StoredJob {
  return {
    ...job,
    input: redactJson(job.input),
    progress: redactJson(job.progress),
    failure: job.failure && { ...job.failure, message: redactText(job.failure.message) },
    steps: job.steps.map((step) => ({ ...step, result: redactJson(step.result) })),
  }
}

function describe(job: StoredJob, screen: Screen): string {
  const { now } = screen
  const { failure, worker } = job
  return [
    fields(
      [
        ['Id', job.id],
        ['Service', job.service],
        ['Name', job.name],
        ['State', job.state === 'running' && job.isCancelled ? 'running, asked to stop' : job.state],
        ['Runs at', job.finishedAt || job.state === 'running' ? null : formatTime(job.runAt, now)],
        ['Enqueued', formatTime(job.enqueuedAt, now)],
        ['Began', formatTime(job.startedAt, now)],
        ['Ended', formatTime(job.finishedAt, now)],
        ['Deleted', formatTime(job.expiresAt, now)],
        ['Claimed', `${count(job.claims, 'time')}, ${job.failures} failed`],
        ['Priority', job.priority === 0 ? null : String(job.priority)],
        ['Tenant', job.tenant],
        ['Unique key', job.uniqueKey],
        [
          'Limit key',
          job.limitKey === null
            ? null
            : `${JSON.stringify(job.limitKey)}${job.hasSlot ? ', has a slot' : ''}`,
        ],
        ['Rate key', job.rateKey === null ? null : JSON.stringify(job.rateKey)],
        [
          'Worker',
          worker &&
            `${worker.host}, process ${worker.pid}, last heartbeat ${formatTime(worker.lastSeenAt, now)}`,
        ],
        ['Trace', job.traceparent],
        ['Failure', failure && `${failure.name}: ${failure.message}`],
        [
          'Failed',
          failure &&
            `${failure.at}, attempt ${failure.attempt}${failure.code === undefined ? '' : `, code ${failure.code}`}`,
        ],
      ],
      screen,
    ),
    ...json('Input', job.input, screen),
    ...(job.progress === null ? [] : json('Progress', job.progress, screen)),
    ...(job.steps.length === 0 ? [] : ['', screen.strong('Steps'), stepTable(job.steps, screen)]),
  ].join('\n')
}

function json(title: string, value: Json, screen: Screen): readonly string[] {
  return ['', screen.strong(title), printableJson(value)]
}

function stepTable(steps: readonly StoredStep[], screen: Screen): string {
  return table(
    [
      { title: 'STEP', value: ({ name }) => name, isFlexible: true },
      { title: 'STATE', value: stateOf, isFlexible: true },
      {
        title: 'UNTIL',
        value: ({ isDone, wakesAt }) => (isDone ? '' : (formatTime(wakesAt, screen.now) ?? '')),
      },
      {
        title: 'RESULT',
        value: ({ isDone, result }) => (isDone ? JSON.stringify(result) : ''),
        isFlexible: true,
        isOptional: true,
      },
    ],
    steps,
    screen,
  )
}

function stateOf({ isDone, awaits }: StoredStep): string {
  if (isDone) return 'done'
  return awaits === null ? 'sleeping' : `waiting for ${awaits.event} ${awaits.key}`
}

import { eraseSubject, type HeldRow, type SubjectErasure } from 'holdfast/erasure'
import { type Command, command } from '../../command.ts'
import { count } from '../../count.ts'
import { flag, text } from '../../option.ts'
import { present } from '../../present.ts'
import type { Screen } from '../../screen.ts'
import { type Column, table } from '../../table.ts'
import { subjectServiceOption } from './subjects-options.ts'

const notReached =
  'Not erased: data in tables of the application, logs, telemetry, brokers of relays and BullMQ, receivers of webhooks, backups, and external replicas of the database.'

/** Erases the data stored about a subject. */
export const subjectsErase: Command = command({
  name: 'subjects erase',
  summary: 'Erase all data stored about a person.',
  details: `A subject is a name that the service declares for a person, such as customer:42. Data that is still needed is kept and reported, and the exit code is 1: run the command again later. The command can be interrupted at any time. A retry of an erased call gets a 410 and never runs again. ${notReached}`,
  arguments: ['subject'],
  options: {
    service: subjectServiceOption,
    'dry-run': flag('Only count the rows that would be erased.'),
    'cancel-waiting': flag('Also cancel waiting jobs and undelivered webhooks.'),
    reference: text(
      'text',
      'Stored with the record of the erasure, such as a ticket number. Do not use personal data.',
    ),
  },
  async run({ arguments: [subject = ''], options, client }) {
    const { service, reference } = options
    const result = await eraseSubject(client, subject, {
      dryRun: options['dry-run'],
      cancelWaiting: options['cancel-waiting'],
      ...present({ service, reference }),
    })
    return {
      data: { ...result, notReached },
      text: (screen) => describe(result, screen),
      exitCode: result.isComplete ? 0 : 1,
    }
  },
})

const nouns: Readonly<Record<string, string>> = {
  keys: 'idempotency key',
  messages: 'message',
  deadLetters: 'dead letter',
  jobs: 'job',
  webhooks: 'webhook',
}

function describe(result: SubjectErasure, screen: Screen): string {
  const { erased, isDryRun, held, heldCount, isComplete, otherServices } = result
  const counts = Object.entries(erased).map(([kind, number]) =>
    kind === 'deliveries' ? count(number, 'delivery', 'deliveries') : count(number, nouns[kind] ?? kind),
  )
  const what = counts.length === 0 ? 'Nothing' : counts.join(', ')
  return [
    isDryRun ? `${what} would be erased.` : `${what} erased.`,
    ...(heldCount === 0
      ? []
      : [
          '',
          `${count(heldCount, 'row')} left, because ${heldCount === 1 ? 'it is' : 'they are'} still needed:`,
          table(columns, held, screen),
        ]),
    ...(isComplete ? [] : ['', 'Incomplete. Run the command again when these have ended.']),
    ...(otherServices.length === 0
      ? []
      : ['', `Other services with data of this subject: ${otherServices.join(', ')}.`]),
    '',
    notReached,
  ].join('\n')
}

const columns: readonly Column<HeldRow>[] = [
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'ID', value: ({ id }) => id },
  { title: 'NAME', value: ({ name }) => name, isFlexible: true },
  { title: 'REASON', value: ({ reason }) => reason, isFlexible: true },
]

import { once } from 'node:events'
import { exportSubject } from 'holdfast/erasure'
import { type Command, command } from '../../command.ts'
import { count } from '../../count.ts'
import { printableJson } from '../../printable.ts'
import { subjectServiceOption } from './subjects-options.ts'
import { present } from '../../present.ts'

/** Exports the data stored about a subject. */
export const subjectsExport: Command = command({
  name: 'subjects export',
  summary: 'Print all data stored about a person, as JSON.',
  details:
    'A subject is a name that the service declares for a person, such as customer:42. The output is an array with one record per line. The output is not redacted: redirect it to a file that only the person receives. The tables of the application are not included.',
  arguments: ['subject'],
  options: { service: subjectServiceOption },
  async run({ arguments: [subject = ''], options: { service }, client }) {
    let records = 0
    for await (const record of exportSubject(client, subject, present({ service }))) {
      await write(`${records === 0 ? '[' : ','}\n${printableJson(record, 0)}`)
      records += 1
    }
    await write(records === 0 ? '[]\n' : '\n]\n')
    return { data: undefined, text: () => '', note: `${count(records, 'record')} exported.` }
  },
})

/** Writes to stdout, and waits if the reader is slower. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

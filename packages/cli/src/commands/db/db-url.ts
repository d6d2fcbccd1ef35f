import { type Command, databaseCommand } from '../../command.ts'
import { flag } from '../../option.ts'
import { splitPassword } from '../../split-password.ts'

/** Prints the address of the database. */
export const dbUrl: Command = databaseCommand({
  name: 'db url',
  summary: 'Print the database address without its password.',
  details:
    'The embedded database keeps its address, but accepts connections only while a service or a command uses it.',
  options: { 'show-password': flag('Include the password.') },
  async run({ database, options }) {
    const { url, password } = splitPassword(database.url)
    const isLeftOut = password !== undefined && !options['show-password']
    const shown = isLeftOut ? url : database.url
    return {
      data: { url: shown, embedded: database.isEmbedded },
      text: () => shown,
      ...(isLeftOut ? { note: 'The password is omitted. To print it: holdfast db url --show-password' } : {}),
    }
  },
})

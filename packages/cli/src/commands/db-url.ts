import { type Command, databaseCommand } from '../command.ts'
import { flag } from '../option.ts'
import { splitPassword } from '../split-password.ts'

/** Prints the address of the database. */
export const dbUrl: Command = databaseCommand({
  name: 'db url',
  summary: 'Prints the address of the database, without its password.',
  details:
    'The embedded database keeps its address, and can be reached only while a service or a command uses it.',
  options: { 'show-password': flag('Prints the password as well.') },
  async run({ database, options }) {
    const { url, password } = splitPassword(database.url)
    const isLeftOut = password !== undefined && !options['show-password']
    const shown = isLeftOut ? url : database.url
    return {
      data: { url: shown, embedded: database.isEmbedded },
      text: () => shown,
      ...(isLeftOut
        ? { note: 'The password is left out. To print it: holdfast db url --show-password' }
        : {}),
    }
  },
})

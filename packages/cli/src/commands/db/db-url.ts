import { type Command, databaseCommand } from '../../command.ts'
import { flag } from '../../option.ts'
import { hideSecrets } from '../../split-password.ts'

/** Prints the address of the database. */
export const dbUrl: Command = databaseCommand({
  name: 'db url',
  summary: 'Print the database address without its password.',
  details:
    'The embedded database keeps its address, but accepts connections only while a service or a command uses it.',
  options: {
    'show-password': flag('Include the password.'),
    tcp: flag(
      'Print the TCP address of the embedded database, for programs that cannot connect to a Unix socket.',
    ),
  },
  async run({ database, options }) {
    const full = options.tcp ? database.tcpUrl : database.url
    const hidden = options['show-password'] ? undefined : hideSecrets(full)
    const shown = hidden ?? full
    return {
      data: { url: shown, embedded: database.isEmbedded },
      text: () => shown,
      ...(hidden !== undefined
        ? { note: 'The password is omitted. To print it: holdfast db url --show-password' }
        : {}),
    }
  },
})

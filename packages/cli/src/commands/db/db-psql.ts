import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { HoldfastError } from 'holdfast'
import { type Command, databaseCommand } from '../../command.ts'
import type { FoundDatabase } from '../../find-database.ts'
import { splitPassword } from '../../split-password.ts'
import { present } from '../../present.ts'

/** Opens psql on the database. */
export const dbPsql: Command = databaseCommand({
  name: 'db psql',
  summary: 'Open psql on the database, and exit with the exit code of psql.',
  details:
    'Starts the embedded database if no service is running. psql must be installed; arguments after -- are passed to it: holdfast db psql -- -c "select 1".',
  rest: 'psql arguments',
  options: {},
  async run({ database, arguments: given }) {
    const exitCode = await runPsql(database, given)
    return { data: undefined, text: () => '', exitCode }
  },
})

/** @throws HoldfastError `psql-missing`. */
async function runPsql(database: FoundDatabase, given: readonly string[]): Promise<number> {
  const { url, password } = splitPassword(database.url)
  const child = spawn('psql', ['--dbname', url, ...given], {
    stdio: 'inherit',
    // The password is passed in the environment, because all users on the machine can see a command
    // line.
    env: { ...process.env, ...present({ PGPASSWORD: password }) },
  })
  // The terminal sends Ctrl-C to both processes. In psql, it cancels a statement; this process must
  // ignore it, so that the embedded server continues.
  const ignore = (): void => {}
  process.on('SIGINT', ignore)
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return code ?? 1
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw new HoldfastError(
      'psql-missing',
      'psql is not installed or not in the PATH. Install the Postgres client (Debian and Ubuntu: apt install postgresql-client; macOS: brew install libpq), or connect another client to the address that "holdfast db url --show-password" prints.',
      { cause },
    )
  } finally {
    process.off('SIGINT', ignore)
  }
}

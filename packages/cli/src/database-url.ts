import { HoldfastError } from 'holdfast'
import { type Secret, setting, settings, url, type Setting } from 'holdfast/settings'
import type { Settings, SettingValues } from 'holdfast/settings'
import { usageInvalid } from './usage-invalid.ts'

interface DatabaseSettings extends Readonly<Record<string, Setting>> {
  readonly DATABASE_URL: Setting<Secret<string> | undefined>
}

const databaseSettings: Settings<SettingValues<DatabaseSettings>> = settings<DatabaseSettings>({
  DATABASE_URL: setting(url('postgres', 'postgresql'), {
    description: 'Where the database is: postgres://user:password@host:5432/name.',
    secret: true,
    optional: true,
  }),
})

/**
 * Finds the database: the one that is given, or that of the service whose environment or `.env` this is.
 *
 * @throws HoldfastError `usage-invalid`, or `configuration-invalid`.
 */
export async function findDatabaseUrl(given: string | undefined): Promise<string> {
  if (given !== undefined) return checkUrl(given)
  // Loaded only where it is used: it brings all that a service runs with.
  const { readSettings } = await import('holdfast/node')
  const { DATABASE_URL } = await readSettings(databaseSettings)
  if (DATABASE_URL !== undefined) return DATABASE_URL.reveal()
  throw new HoldfastError(
    'configuration-invalid',
    'There is no DATABASE_URL, neither in the environment nor in a .env of the current folder. Set it to that of the service, postgres://user@host:5432/name, or give --database-url.',
  )
}

function checkUrl(given: string): string {
  if (URL.canParse(given) && /^postgres(?:ql)?:$/.test(new URL(given).protocol)) return given
  // It may hold a password all the same.
  throw usageInvalid('--database-url: it has to look like postgres://user:password@host:5432/name.')
}

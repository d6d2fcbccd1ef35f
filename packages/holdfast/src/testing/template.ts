import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Service } from '../kernel/service/service.ts'
import { createLogger } from '../kernel/base/log.ts'
import { systemClock } from '../kernel/base/clock.ts'
import { testPostgresUrl } from './test-postgres.ts'
import { requireDatabaseUrl } from '../storage/postgres/session/database-url.ts'
import { migrate } from '../storage/migrations/migrate.ts'
import { frameworkMigrationSet } from '../databases/assembly/migrations.ts'
import { DriverClient } from '../storage/postgres/session/driver-client.ts'

/** A database that belongs to one test. */
export interface TestDatabase {
  readonly url: string
  /** Drops the database, even if clients are still connected. */
  drop(): Promise<void>
}

/**
 * The environment variable with the id of the test run. Processes with the same id share template
 * databases.
 */
export const testRunVariable = 'HOLDFAST_TEST_RUN'

/**
 * The environment variable with settings for every test database, as JSON:
 * `{"lock_timeout":"1ms"}`. Set it to run tests with the settings of the production database.
 */
export const testSettingsVariable = 'HOLDFAST_TEST_DATABASE_SETTINGS'

let databases = 0

/**
 * Creates an empty database, or a copy of an existing one.
 *
 * @example
 * ```ts
 * const database = await createTestDatabase()
 * const client = await connectClient({ connectionString: database.url, applicationName: 'test' })
 * await client.end()
 * await database.drop()
 * ```
 */
export async function createTestDatabase(template?: string): Promise<TestDatabase> {
  const serverUrl = await testPostgresUrl()
  databases += 1
  const name = `test_${process.pid}_${Date.now().toString(36)}_${databases}`
  await administer(serverUrl, (client) => createDatabase(client, name, template))
  return {
    url: databaseUrl(serverUrl, name),
    drop: () =>
      administer(serverUrl, async (client) => {
        await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
      }),
  }
}

/**
 * Creates a database to which the migrations of the framework are applied, so that a service starts
 * on it in a fraction of the time.
 */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  return createTestDatabase(await frameworkTemplate())
}

const templates = new Map<Service | undefined, Promise<string>>()

type Env = Readonly<Record<string, string | undefined>>

/** Returns the name of a database to which all migrations of the framework are applied. */
function frameworkTemplate(): Promise<string> {
  return cachedTemplate(undefined, () =>
    createTemplate('framework', undefined, async (connectionString) => {
      await migrate({ connectionString, migrations: [frameworkMigrationSet] })
    }),
  )
}

/**
 * Returns the name of a database to which all migrations of a service are applied. It is created
 * once per test run. `env` is the environment that the service needs to start.
 */
export function templateFor(service: Service, env: Env): Promise<string> {
  if (service.migrations === undefined) return frameworkTemplate()
  return cachedTemplate(service, async () =>
    createTemplate(`${service.name} ${service.definedAt}`, await frameworkTemplate(), (url) =>
      migrateByStarting(service, { ...env, DATABASE_URL: url }),
    ),
  )
}

function cachedTemplate(key: Service | undefined, create: () => Promise<string>): Promise<string> {
  const known = templates.get(key)
  if (known) return known
  const made = create()
  templates.set(key, made)
  // A failure is not cached, because the next test may pass an environment that works.
  made.catch(() => templates.delete(key))
  return made
}

async function createTemplate(
  identity: string,
  base: string | undefined,
  migrateDatabase: (url: string) => Promise<void>,
): Promise<string> {
  const serverUrl = await testPostgresUrl()
  const digest = createHash('sha256')
    .update(
      `${process.env[testRunVariable] ?? process.pid} ${identity} ${process.env[testSettingsVariable] ?? ''}`,
    )
    .digest('hex')
    .slice(0, 24)
  const name = `template_${digest}`
  await administer(serverUrl, async (client) => {
    // The first process of the run creates the template, and the other processes wait for this
    // lock.
    await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name])
    const { rows } = await client.query('select 1 from pg_database where datname = $1 and datistemplate', [
      name,
    ])
    if (rows.length > 0) return
    await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
    await createDatabase(client, name, base)
    await migrateDatabase(databaseUrl(serverUrl, name))
    // Marks the template as complete. A killed process may leave a template incomplete; without the
    // mark, a template is not used.
    await client.query(`alter database ${pg.escapeIdentifier(name)} is_template true`)
  })
  return name
}

async function createDatabase(client: pg.Client, name: string, template: string | undefined): Promise<void> {
  const source = template === undefined ? '' : ` template ${pg.escapeIdentifier(template)}`
  // Postgres copies files in half of the time that it needs to log the copied pages. But it flushes
  // its buffers before, which would take long on a server that waits for the disk.
  const { rows } = await client.query<{ fsync: string }>('show fsync')
  const strategy = rows[0]!.fsync === 'off' ? ' strategy file_copy' : ''
  await client.query(`create database ${pg.escapeIdentifier(name)}${source}${strategy}`)
  await applySettings(client, name)
}

/**
 * Applies the settings in the environment variable to a database, because a copy does not inherit
 * its template's settings.
 */
async function applySettings(client: pg.Client, database: string): Promise<void> {
  const settings = process.env[testSettingsVariable]
  if (settings === undefined || settings === '') return
  for (const [name, value] of Object.entries<string>(JSON.parse(settings))) {
    const assignment = `${pg.escapeIdentifier(name)} = ${pg.escapeLiteral(value)}`
    await client.query(`alter database ${pg.escapeIdentifier(database)} set ${assignment}`)
  }
}

async function migrateByStarting(service: Service, env: Env): Promise<void> {
  const running = await service.start({
    env,
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: (line) => process.stderr.write(`${line}\n`) }),
    notify: () => {},
  })
  await running.stop()
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = requireDatabaseUrl(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

async function administer(serverUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new DriverClient({ connectionString: serverUrl })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

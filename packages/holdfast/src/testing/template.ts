import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Service } from '../kernel/service/service.ts'
import { createLogger } from '../kernel/base/log.ts'
import { systemClock } from '../kernel/base/clock.ts'
import { testPostgresUrl } from './test-postgres.ts'
import { requireDatabaseUrl } from '../storage/postgres/session/database-url.ts'
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
  await administer(serverUrl, async (client) => {
    const source = template === undefined ? '' : ` template ${pg.escapeIdentifier(template)}`
    await client.query(`create database ${pg.escapeIdentifier(name)}${source}`)
    await applySettings(client, name)
  })
  return {
    url: databaseUrl(serverUrl, name),
    drop: () =>
      administer(serverUrl, async (client) => {
        await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
      }),
  }
}

const templates = new Map<Service, Promise<string>>()

type Env = Readonly<Record<string, string | undefined>>

/**
 * Returns the name of a database to which all migrations of a service are applied. It is created
 * once per test run. `env` is the environment that the service needs to start.
 */
export function templateFor(service: Service, env: Env): Promise<string> {
  const known = templates.get(service)
  if (known) return known
  const made = createTemplate(service, env)
  templates.set(service, made)
  // A failure is not cached, because the next test may pass an environment that works.
  made.catch(() => templates.delete(service))
  return made
}

async function createTemplate(service: Service, env: Env): Promise<string> {
  const serverUrl = await testPostgresUrl()
  const digest = createHash('sha256')
    .update(
      `${process.env[testRunVariable] ?? process.pid} ${service.name} ${service.definedAt} ${process.env[testSettingsVariable] ?? ''}`,
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
    await client.query(`create database ${pg.escapeIdentifier(name)}`)
    await applySettings(client, name)
    await migrateByStarting(service, { ...env, DATABASE_URL: databaseUrl(serverUrl, name) })
    // Marks the template as complete. A killed process may leave a template incomplete; without the
    // mark, a template is not used.
    await client.query(`alter database ${pg.escapeIdentifier(name)} is_template true`)
  })
  return name
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

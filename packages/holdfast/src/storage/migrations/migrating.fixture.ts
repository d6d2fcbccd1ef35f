import { createTestDatabase } from 'holdfast/testing'
import type pg from 'pg'
import type { MigrationEvent } from './event.ts'
import { migrate, type MigrateOptions, type MigrationReport } from './migrate.ts'
import type { Migration } from './migration.ts'
import { DriverClient } from '../postgres/session/driver-client.ts'

/** A database for tests of migrations. */
export interface Migrating extends AsyncDisposable {
  readonly url: string
  readonly events: readonly MigrationEvent[]
  apply(migrations: readonly Migration[], options?: Partial<MigrateOptions>): Promise<MigrationReport>
  /** Applies failing migrations and returns the error. */
  fail(
    migrations: readonly Migration[],
    options?: Partial<MigrateOptions>,
  ): Promise<{ readonly code: string; readonly message: string }>
  /** Runs SQL in a separate session. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** Drops everything created in the database. */
  reset(): Promise<void>
  /** Opens another session; `name` is shown in `pg_stat_activity`. */
  open(name: string): Promise<pg.Client>
}

/** Creates an empty database. */
export async function openMigrating(): Promise<Migrating> {
  const database = await createTestDatabase()
  let clients: pg.Client[] = []
  const events: MigrationEvent[] = []
  const open = async (name: string): Promise<pg.Client> => {
    const client = new DriverClient({ connectionString: database.url, application_name: name })
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return client
  }
  const apply: Migrating['apply'] = (migrations, options) =>
    migrate({
      connectionString: database.url,
      migrations: [{ owner: 'app', migrations }],
      notify: (event) => events.push(event),
      ...options,
    })
  const beside = new DriverClient({ connectionString: database.url })
  await beside.connect()
  return {
    url: database.url,
    events,
    apply,
    fail: (migrations, options) =>
      apply(migrations, options).then(
        () => ({ code: 'none', message: '' }),
        (error: { code: string; message: string }) => error,
      ),
    sql: async (text, values) => (await beside.query(text, values)).rows,
    open,
    async reset() {
      await Promise.all(clients.map((client) => client.end()))
      clients = []
      events.length = 0
      await beside.query(`
        drop schema if exists holdfast cascade; drop schema if exists elsewhere cascade; drop schema public cascade; create schema public;
        do $$ begin execute format('alter database %I reset all', current_database()); end $$`)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([beside, ...clients].map((client) => client.end()))
      await database.drop()
    },
  }
}

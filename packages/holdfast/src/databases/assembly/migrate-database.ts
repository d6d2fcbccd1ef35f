import type { DatabaseHost } from '../../kernel/service/database.ts'
import { describeEvent } from '../../storage/migrations/event.ts'
import { migrate, type MigrateOptions } from '../../storage/migrations/migrate.ts'
import { readMigrations } from '../../storage/migrations/read-migrations.ts'
import { migrateAsOwner } from '../../storage/roles/grant-to-application.ts'
import type { Location, Route } from './location.ts'
import { frameworkMigrationSet } from './migrations.ts'

/** The options of migrations. */
export interface MigrationOptions {
  /**
   * The folder of the application's migrations: SQL files, applied in name order when the service
   * starts. Default: none.
   */
  readonly migrations?: URL | string
}

/** Applies the migrations of the framework and of the application. */
export async function migrateDatabase(
  { migrations }: MigrationOptions,
  {
    location,
    direct,
    host,
  }: { readonly location: Location; readonly direct: Route; readonly host: DatabaseHost },
): Promise<void> {
  const app = migrations === undefined ? [] : [{ owner: 'app', migrations: await readMigrations(migrations) }]
  const { ownerConnectionString, groupRole } = location
  const route = ownerConnectionString === undefined ? direct : { connectionString: ownerConnectionString }
  const options: MigrateOptions = {
    ...route,
    migrations: [frameworkMigrationSet, ...app],
    notify: (event) => host.notify(describeEvent(event)),
    ...(host.mode === 'development' ? { startAfresh: location.startAfresh } : {}),
  }
  if (ownerConnectionString === undefined) await migrate(options)
  else {
    const roles = { applicationUrl: location.connectionString, ownerUrl: ownerConnectionString, groupRole }
    await migrateAsOwner(roles, async () => void (await migrate(options)))
  }
}

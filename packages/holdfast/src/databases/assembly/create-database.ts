import { databaseCheckName } from '../../kernel/service/check.ts'
import type { Database, DatabaseHost, OpenDatabase } from '../../kernel/service/database.ts'
import { openSecretKeys, requiredSecretKeys } from '../../platform/secret-keys/open-secret-keys.ts'
import { secretKeySettings } from '../../platform/secret-keys/secret-key-settings.ts'
import { postgresProblems } from '../../storage/postgres/errors/problems.ts'
import { requireAnswer } from '../../storage/postgres/session/connect-client.ts'
import { requireKnownDriver } from '../../storage/postgres/session/driver-internals.ts'
import { openStatementGuard } from '../../storage/statement-guard/open-statement-guard.ts'
import { checkDatabase } from './check-database.ts'
import { assemblyHost } from './assembly-host.ts'
import type { Binding } from './binding.ts'
import { capabilities, type CapabilityOptions } from './capabilities.ts'
import { type ConnectionOptions, openConnections, requireConnectionOptions } from './open-connections.ts'
import { directRoute, locateDatabase, type LocationOptions } from './location.ts'
import { findPooler } from './find-pooler.ts'
import { migrateDatabase, type MigrationOptions } from './migrate-database.ts'
import { openCapabilities } from './open-capabilities.ts'
import { separateRoles } from './separate-roles.ts'
import { recognizeDatabase } from './recognize-database.ts'
import { databaseSettings } from './settings.ts'

/*
 * A database on Postgres, from its options to its stages and background work:
 *
 *   check options ─▶ locate ─▶ find a pooler ─▶ open connections ─▶ migrate ─▶ recognize
 *                                                                                 │
 *   OpenDatabase ◀── stages, checks, registration, worker ◀── open capabilities ◀─┘
 *
 * `capabilities.ts` lists the capabilities. Everything is closed in reverse order, and a failed
 * start closes everything that it has opened.
 */

/** Options of every database on Postgres. */
export interface PostgresOptions
  extends LocationOptions, MigrationOptions, ConnectionOptions, CapabilityOptions {}

/** Creates a Postgres database from a query builder's binding. */
export function createDatabase<Read, Write>(
  binding: Binding<Read, Write>,
  options: PostgresOptions,
): Database<Read, Write> {
  return {
    name: binding.name,
    problems: postgresProblems,
    migrations: options.migrations,
    mutationProblems: capabilities.flatMap(({ mutationProblems = [] }) => mutationProblems),
    settings: [...(options.url === undefined ? [databaseSettings] : []), secretKeySettings],
    settingsOfSealed: (operation) => [requiredSecretKeys(`the sealed answers of ${operation}`)],
    open: (host) => openDatabase(binding, options, host),
  }
}

/** Throws if an option is invalid, before anything is opened or migrated. */
function requireValidOptions(options: PostgresOptions): void {
  requireConnectionOptions(options)
  for (const { requireOptions } of capabilities) requireOptions?.(options)
}

async function openDatabase(
  binding: Binding<unknown, unknown>,
  options: PostgresOptions,
  host: DatabaseHost,
): Promise<OpenDatabase> {
  requireKnownDriver()
  requireValidOptions(options)
  const secretKeys = openSecretKeys(host)
  await using opening = new AsyncDisposableStack()
  const located = opening.adopt(await locateDatabase(options, host), (place) => place.stop())
  const location = await separateRoles(located, options, host)
  const isDisposable = host.mode === 'test'
  const isPooled = await findPooler(location, { log: host.log, isDisposable })
  const direct = directRoute(location, isPooled)
  // The connections are opened before the migrations, because opening them throws if the option
  // `connections` leaves too few connections.
  const connections = openConnections(options, { location, isPooled, direct, host })
  opening.defer(() => connections.end())
  await migrateDatabase(options, { location, direct, host })
  const { write, own } = connections.lanes
  const guard = await openStatementGuard({ statements: host.statements, pool: own })
  opening.defer(() => guard.close())
  // Uses the lane of mutations, because processes that start at the same time wait for each other
  // here, and the lock timeout of the framework's own lane is only a second.
  await requireAnswer(recognizeDatabase(write, { log: host.log, isDisposable }))
  const opened = await openCapabilities(
    capabilities,
    assemblyHost(host, {
      options,
      binding,
      location,
      direct,
      connections,
      secretKeys,
      watch: guard.watch,
    }),
  )
  opening.defer(() => opened.close())
  const open = opening.move()
  return {
    ...opened,
    checks: { [databaseCheckName]: checkDatabase(own), ...opened.checks },
    close: () => open.disposeAsync(),
  }
}

import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'
const versions = `${src}/databases/assembly/schema-version.postgres.test.ts`

/** Mutants of migrations and upgrades. */
export const migrateMutants: readonly Mutant[] = [
  {
    name: 'schema version: tables that need a newer version are accepted',
    file: `${src}/storage/migrations/journal.ts`,
    text: 'for (const set of sets) requireVersion(set, rows)',
    replacement: '',
    killedBy: [
      {
        file: versions,
        name: 'a version that needs what a newer version has removed does not start',
      },
    ],
    why: 'An old version would run on tables without the columns that it needs.',
  },
  {
    name: 'schema version: not stored with the migration',
    file: `${src}/storage/migrations/journal.ts`,
    text: 'migration.needsVersion ?? 0,',
    replacement: '0,',
    killedBy: [
      {
        file: versions,
        name: 'a version that needs what a newer version has removed does not start',
      },
    ],
    why: 'The database would not record which versions can work with its tables.',
  },
  {
    name: 'migration: a deadlock is final',
    file: `${src}/storage/migrations/run-statement.ts`,
    text: "(error.code === '55P03' || error.code === '40P01')",
    replacement: "error.code === '55P03'",
    killedBy: [
      {
        file: `${src}/storage/migrations/migrate.postgres.test.ts`,
        name: 'a migration that loses a deadlock with running transactions is retried',
      },
    ],
    why: 'A deploy under traffic would fail at random.',
  },
  {
    name: 'registration: not before a process publishes',
    file: `${src}/effects/messages/register-subscriptions.ts`,
    text: 'if (declarations.length > 0) await transaction.run(registerSubscriptions(service, declarations))',
    replacement: '',
    killedBy: [
      {
        file: 'packages/holdfast/crash-tests/rolling-deploy.test.ts',
        name: 'a new event and consumer are deployed, rolled back and deployed again',
      },
    ],
    why: 'A rolling deploy would lose the messages of a new event.',
  },
  {
    name: 'moved database: sequences stay behind',
    file: `${src}/databases/assembly/recognize-database.ts`,
    text: 'isKnown(found!, isDisposable) ? [] : await repairSequences(transaction)',
    replacement: '[]',
    killedBy: [
      {
        file: `${src}/databases/assembly/recognize-database.postgres.test.ts`,
        name: 'a start moves only those sequences forward that were not copied',
      },
    ],
    why: 'After a move by logical replication, inserts would fail, and messages would be out of order.',
  },
  {
    name: 'moved database: heartbeats cannot be published',
    file: `${src}/databases/assembly/recognize-database.ts`,
    text: 'alter table holdfast.job_heartbeats replica identity full;',
    replacement: '',
    killedBy: [
      {
        file: `${src}/databases/assembly/recognize-database.postgres.test.ts`,
        name: 'every table whose rows change has the identity that a publication needs',
      },
    ],
    why: 'With a publication of all tables, every worker would be declared dead.',
  },
  {
    name: 'moved database: not detected',
    file: `${src}/databases/assembly/recognize-database.ts`,
    text: 'return before !== null && now[name] !== null && before !== now[name]',
    replacement: 'return before === null',
    killedBy: [
      {
        file: `${src}/databases/assembly/recognize-database.postgres.test.ts`,
        name: 'a start logs once that the server has changed',
      },
    ],
    why: 'No log line would report that a database has the state of a backup.',
  },
]

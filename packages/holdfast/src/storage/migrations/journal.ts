import { createHash } from 'node:crypto'
import type pg from 'pg'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { requireSupported, serverVersion } from '../postgres/session/server-version.ts'
import type { MigrationEvent } from './event.ts'
import type { Migration, MigrationSet } from './migration.ts'
import { beginSchemaEpoch } from './schema-epoch.ts'

/** A row of the journal: an applied migration. */
interface JournalRow {
  readonly owner: string
  readonly name: string
  readonly checksum: string
  /** The lowest program version that works with the schema after this migration. */
  readonly needs_version: number
}

/** A migration that is not applied yet. */
export interface PendingMigration extends Migration {
  readonly owner: string
}

/** The result of {@link readJournal}. */
export interface JournalVerdict {
  readonly pending: readonly PendingMigration[]
  readonly appliedBefore: number
  /** Events to report. They are not errors. */
  readonly events: readonly MigrationEvent[]
}

/** Creates the journal if it is missing. Requires the migration lock: concurrent calls can fail. */
export async function createJournal(client: pg.ClientBase): Promise<void> {
  // CREATE SCHEMA IF NOT EXISTS requires the CREATE privilege even if the schema exists.
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regnamespace('holdfast') is not null as exists`,
  )
  if (rows[0]?.exists !== true) await client.query('create schema holdfast')
  await client.query(`
    create table if not exists holdfast.migrations (
      owner text not null,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now(),
      duration_ms integer not null,
      -- The lowest version of the program that works with the schema after this migration.
      needs_version integer not null default 0,
      primary key (owner, name)
    );
    create table if not exists holdfast.migrations_begun (
      owner text not null,
      name text not null,
      begun_at timestamptz not null default now(),
      primary key (owner, name)
    )`)
}

/**
 * Records the start of a migration that runs outside of a transaction. If the process crashes, the
 * migration may have been applied although the journal has no row for it.
 */
export async function noteBegun(client: pg.ClientBase, { owner, name }: PendingMigration): Promise<void> {
  await client.query({
    text: 'insert into holdfast.migrations_begun (owner, name) values ($1, $2) on conflict do nothing',
    values: [owner, name],
  })
}

/** Returns true if the start of a migration was recorded, but its outcome was not. */
export async function wasBegun(client: pg.ClientBase, { owner, name }: PendingMigration): Promise<boolean> {
  const { rows } = await client.query({
    text: 'select from holdfast.migrations_begun where owner = $1 and name = $2',
    values: [owner, name],
  })
  return rows.length > 0
}

/**
 * Deletes the record of a migration's start, once its outcome is recorded or all of its effects are
 * removed.
 */
export async function clearBegun(client: pg.ClientBase, { owner, name }: PendingMigration): Promise<void> {
  await client.query({
    text: 'delete from holdfast.migrations_begun where owner = $1 and name = $2',
    values: [owner, name],
  })
}

/**
 * Records a migration as applied, and begins a new schema epoch, which running processes detect.
 */
export async function writeJournal(
  client: pg.ClientBase,
  migration: PendingMigration,
  durationMs: number,
): Promise<void> {
  await client.query({
    text: `
      insert into holdfast.migrations (owner, name, checksum, duration_ms, needs_version)
      values ($1, $2, $3, $4, $5)`,
    values: [
      migration.owner,
      migration.name,
      checksumOf(migration.sql),
      Math.round(durationMs),
      migration.needsVersion ?? 0,
    ],
  })
  await beginSchemaEpoch(client)
}

/**
 * Compares the journal with the migrations of the program.
 *
 * @throws HoldfastError `database-too-old`; `schema-too-new` if the schema needs a newer version
 *   of the program; `migration-edited` with every migration that was changed after being applied.
 */
export async function readJournal(
  client: pg.ClientBase,
  sets: readonly MigrationSet[],
  startAfresh?: string,
): Promise<JournalVerdict> {
  const rows = await journalRows(client)
  for (const set of sets) requireVersion(set, rows)
  const verdicts = sets.map((set) =>
    checkJournal(
      set,
      rows.filter((row) => row.owner === set.owner),
    ),
  )
  const edited = verdicts.flatMap((verdict) => verdict.edited)
  if (edited.length > 0) {
    throw new HoldfastError(
      'migration-edited',
      `Migrations were changed after they were applied to this database:\n${edited.map((line) => `  - ${line}`).join('\n')}\nRestore the original files, and put the change into a new migration.${startAfresh === undefined ? '' : ` Or, if you do not need the data of this database, start over: ${startAfresh}`}`,
    )
  }
  return {
    pending: verdicts.flatMap((verdict) => verdict.pending),
    appliedBefore: verdicts.reduce((sum, verdict) => sum + verdict.applied, 0),
    events: verdicts.flatMap((verdict) => verdict.events),
  }
}

async function journalRows(client: pg.ClientBase): Promise<readonly JournalRow[]> {
  const table = await client.query<{ exists: boolean; version: number }>(
    `select to_regclass('holdfast.migrations') is not null as exists, ${serverVersion} as version`,
  )
  requireSupported(table.rows[0]!.version)
  if (!table.rows[0]!.exists) return []
  const journal = await client.query<JournalRow>(
    // The column may be missing in an older journal, which is read before it is upgraded.
    `select owner, name, checksum, coalesce((to_jsonb(migrations) ->> 'needs_version')::integer, 0) as needs_version
    from holdfast.migrations
    order by owner, name`,
  )
  return journal.rows
}

/** Throws if the schema has an unknown migration that needs a newer version of the program. */
function requireVersion(
  { owner, migrations, version = Number.MAX_SAFE_INTEGER }: MigrationSet,
  rows: readonly JournalRow[],
): void {
  const known = new Set(migrations.map(({ name }) => name))
  const tooNew = rows.filter(
    (row) => row.owner === owner && row.needs_version > version && !known.has(row.name),
  )
  if (tooNew.length === 0) return
  const needed = Math.max(...tooNew.map((row) => row.needs_version))
  throw new HoldfastError(
    'schema-too-new',
    `A newer version of Holdfast changed its tables (${tooNew.map(({ name }) => `${owner}/${name}`).join(', ')}): they require schema version ${needed}, but this version of Holdfast supports ${version}. Deploy the newer version again, or restore the database to its state before the change.`,
  )
}

function checkJournal({ owner, migrations }: MigrationSet, rows: readonly JournalRow[]) {
  const applied = new Map(rows.map((row) => [row.name, row.checksum]))
  const known = new Set(migrations.map(({ name }) => name))
  const last = rows
    .map(({ name }) => name)
    .sort()
    .at(-1)
  const pending = migrations
    .filter(({ name }) => !applied.has(name))
    .map((migration) => ({ ...migration, owner }))
  const edited = migrations
    .filter(({ name, sql }) => applied.has(name) && applied.get(name) !== checksumOf(sql))
    .map(
      ({ name, sql }) =>
        `${owner}/${name}: applied as ${short(applied.get(name)!)}, now ${short(checksumOf(sql))}`,
    )
  const late = pending.filter(({ name }) => last !== undefined && name < last)
  const events: readonly MigrationEvent[] = [
    ...late.map(({ name }): MigrationEvent => ({ kind: 'out-of-order', owner, name, after: last! })),
    ...rows
      .filter(({ name }) => !known.has(name))
      .map(({ name }): MigrationEvent => ({ kind: 'unknown', owner, name })),
  ]
  return { pending, edited, events, applied: migrations.length - pending.length }
}

/** Returns the SHA-256 of a migration's text with normalized line endings. */
function checksumOf(sql: string): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex')
}

function short(checksum: string): string {
  return checksum.slice(0, 12)
}

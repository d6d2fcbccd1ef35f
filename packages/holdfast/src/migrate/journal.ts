import type pg from 'pg'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { requireSupported, serverVersion } from '../postgres/server-version.ts'
import { checksumOf } from './checksum.ts'
import type { MigrationEvent } from './event.ts'
import type { Migration, MigrationSet } from './migration.ts'
import { beginSchemaEpoch } from './schema-epoch.ts'

/** A migration as the journal has it. */
interface JournalRow {
  readonly owner: string
  readonly name: string
  readonly checksum: string
  /** The lowest version of its program that can work with the schema since. */
  readonly needs_version: number
}

/** A migration that is to be applied. */
export interface PendingMigration extends Migration {
  readonly owner: string
}

/** What the journal says of the migrations of a program. */
export interface JournalVerdict {
  readonly pending: readonly PendingMigration[]
  readonly appliedBefore: number
  /** What is worth telling, though nothing is wrong. */
  readonly events: readonly MigrationEvent[]
}

/** Makes the journal if it is missing. Only under the migration lock: two at once would fail each other. */
export async function createJournal(client: pg.ClientBase): Promise<void> {
  // IF NOT EXISTS asks for the right to create schemas even if the schema is there.
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
      -- The lowest version of the program that can work with the schema since.
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

/** Notes that a migration outside of a transaction begins: a crash may leave it done without a row in the journal. */
export async function noteBegun(client: pg.ClientBase, { owner, name }: PendingMigration): Promise<void> {
  await client.query({
    text: 'insert into holdfast.migrations_begun (owner, name) values ($1, $2) on conflict do nothing',
    values: [owner, name],
  })
}

/** Returns true if an attempt at a migration was begun, and its outcome is not noted. */
export async function wasBegun(client: pg.ClientBase, { owner, name }: PendingMigration): Promise<boolean> {
  const { rows } = await client.query({
    text: 'select from holdfast.migrations_begun where owner = $1 and name = $2',
    values: [owner, name],
  })
  return rows.length > 0
}

/** Forgets that a migration was begun: its outcome is noted, or nothing of it is left. */
export async function clearBegun(client: pg.ClientBase, { owner, name }: PendingMigration): Promise<void> {
  await client.query({
    text: 'delete from holdfast.migrations_begun where owner = $1 and name = $2',
    values: [owner, name],
  })
}

/** Notes a migration as applied, and tells running processes of it. */
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
 * @throws HoldfastError `database-too-old`; `schema-too-new` if the schema needs a newer version of the program; `migration-edited` that
 * names every migration that was changed after it had been applied.
 */
export async function readJournal(
  client: pg.ClientBase,
  sets: readonly MigrationSet[],
  startAfresh?: string,
): Promise<JournalVerdict> {
  const rows = await journalRows(client)
  for (const set of sets) requireVersion(set, rows)
  const verdicts = sets.map((set) =>
    judge(
      set,
      rows.filter((row) => row.owner === set.owner),
    ),
  )
  const edited = verdicts.flatMap((verdict) => verdict.edited)
  if (edited.length > 0) {
    throw new HoldfastError(
      'migration-edited',
      `Migrations were changed after they had been applied to this database:\n${edited.map((line) => `  - ${line}`).join('\n')}\nRestore them as they were, and put the change into a new migration.${startAfresh === undefined ? '' : ` Or, if nothing in this database is needed, start afresh: ${startAfresh}`}`,
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
    // The column is not there in a journal of before: the journal is read before anything is changed.
    `select owner, name, checksum, coalesce((to_jsonb(migrations) ->> 'needs_version')::integer, 0) as needs_version
    from holdfast.migrations
    order by owner, name`,
  )
  return journal.rows
}

/** Refuses a schema with a migration that the program does not have and cannot work with. */
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
    `A newer version of Holdfast has changed its tables (${tooNew.map(({ name }) => `${owner}/${name}`).join(', ')}): they need schema version ${needed}, and this version of Holdfast works with ${version}. Deploy the newer version again, or restore the database to before the change.`,
  )
}

function judge({ owner, migrations }: MigrationSet, rows: readonly JournalRow[]) {
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

function short(checksum: string): string {
  return checksum.slice(0, 12)
}

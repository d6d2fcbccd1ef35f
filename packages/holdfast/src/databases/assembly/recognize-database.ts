import type { Logger } from '../../kernel/base/log.ts'
import { limitedWork } from '../../kernel/host/work.ts'
import type { Migration } from '../../storage/migrations/migration.ts'
import type { Connection } from '../../storage/postgres/session/connection.ts'
import type { Pool } from '../../storage/postgres/pool/pool.ts'
import type { Statement } from '../../storage/postgres/statement/statement.ts'
import type { Transaction } from '../../storage/postgres/transaction/transaction.ts'
import { withConnection } from '../../storage/postgres/pool/with-connection.ts'
import { transact } from '../../storage/postgres/transaction/with-transaction.ts'

// At startup, a service detects a database restored from a backup or moved to another server.
//
// The database has a row with its location: server, timeline and database name. A dump, a copy or
// logical replication contains the row of the source, which differs from the actual location. The
// first start that detects this makes the repairs that are safe, logs at `warn` what has changed,
// and stores the new location.
//
// Logical replication does not copy sequences. Sequences that are behind their tables are moved
// forward, while a lock on the table keeps other transactions from using them. The positions of
// messages are repaired in `register-subscriptions.ts`.

/** Creates the table with the location of the database. */
export const databasePlaceMigration: Migration = {
  name: '0005-database-place',
  sql: `
create table holdfast.database_place (
  is_only boolean primary key default true check (is_only),
  -- Identifies the server; null if the role may not read the identifier.
  server text,
  -- Changes with each failover and each recovery to a point in time.
  timeline bigint,
  database oid,
  noted_at timestamptz not null default now()
);

-- If a publication contains all tables, Postgres rejects deletes from a table without a replica
-- identity. Workers could then not send heartbeats.
alter table holdfast.job_heartbeats replica identity full;
`,
}

/** The columns filled from sequences, except the positions of messages. */
export const sequencedColumns: readonly { readonly table: string; readonly column: string }[] = [
  { table: 'holdfast.jobs', column: 'seq' },
  { table: 'holdfast.messages', column: 'seq' },
  { table: 'holdfast.webhook_endpoints', column: 'seq' },
  { table: 'holdfast.webhook_deliveries', column: 'seq' },
  { table: 'holdfast.webhook_attempts', column: 'seq' },
  { table: 'holdfast.api_keys', column: 'seq' },
]

interface Place {
  readonly server: string | null
  readonly timeline: string | null
  readonly database: string | null
}

interface PlaceRow {
  readonly is_noted: boolean
  readonly noted: Place | null
  readonly now: Place
  /** True if a sequence was never used although its table has rows. */
  readonly is_behind: boolean
}

/** Options of {@link recognizeDatabase}. */
export interface RecognizeOptions {
  readonly log: Logger
  /**
   * True if databases are copied on purpose, as in tests. The location is then neither compared nor
   * stored. Default false.
   */
  readonly isDisposable?: boolean
}

const limitMs = 30_000

/**
 * Compares the location of the database with the stored location. If the database has moved,
 * repairs its sequences and logs the consequences.
 */
export async function recognizeDatabase(
  pool: Pool,
  { log, isDisposable = false }: RecognizeOptions,
): Promise<void> {
  const work = limitedWork(limitMs)
  const place = await withConnection(pool, work, async (connection): Promise<Statement | undefined> => {
    const text = await placeText(connection)
    const { rows } = await connection.run<PlaceRow>({ text })
    return isKnown(rows[0]!, isDisposable) ? undefined : { text }
  })
  if (!place) return
  const { row, repaired } = await transact(pool, { work, limitMs }, async (transaction) => {
    await transaction.run({ text: `select pg_advisory_xact_lock(hashtextextended('holdfast place', 0))` })
    // Another process may have stored the location since it was read.
    const [found] = await transaction.run<PlaceRow>(place)
    const tables = isKnown(found!, isDisposable) ? [] : await repairSequences(transaction)
    if (!isDisposable) await notePlace(transaction, found!.now)
    return { row: found!, repaired: tables }
  })
  if (!isDisposable) reportChange(row, log)
  for (const table of repaired) log.warn({ table }, 'sequence was behind its table; moved forward')
}

async function placeText(connection: Connection): Promise<string> {
  // A statement fails if it contains a function that the role may not call, even if the function is
  // never called.
  const { rows } = await connection.run<{ may_see: boolean }>({
    text: `select has_function_privilege('pg_control_system()', 'execute') as may_see`,
  })
  const server =
    rows[0]?.may_see === true ? '(select system_identifier::text from pg_control_system())' : 'null'
  const isBehind = sequencedColumns.map(
    ({ table, column }) =>
      `(pg_sequence_last_value(pg_get_serial_sequence('${table}', '${column}')) is null and exists (select from ${table}))`,
  )
  return `
    select
      noted is not null as is_noted,
      json_build_object('server', noted.server, 'timeline', noted.timeline::text, 'database', noted.database::text) as noted,
      json_build_object(
        'server', ${server},
        'timeline', case when not pg_is_in_recovery()
          then ('x' || lpad(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), 16, '0'))::bit(64)::bigint::text end,
        'database', (select oid::text from pg_database where datname = current_database())
      ) as now,
      ${isBehind.join('\n      or ')} as is_behind
    from (values (1)) as one left join holdfast.database_place as noted on true`
}

function isKnown(row: PlaceRow, isDisposable: boolean): boolean {
  if (row.is_behind) return false
  return isDisposable || (row.is_noted && changeOf(row) === undefined)
}

/**
 * Returns the parts of the location that have changed since it was stored. Parts that the server
 * does not report count as unchanged.
 */
function changeOf({ noted, now }: PlaceRow): keyof Place | undefined {
  const names = ['server', 'timeline', 'database'] as const
  return names.find((name) => {
    const before = noted?.[name] ?? null
    return before !== null && now[name] !== null && before !== now[name]
  })
}

async function repairSequences(transaction: Transaction): Promise<readonly string[]> {
  const repaired: string[] = []
  for (const { table, column } of sequencedColumns) {
    await transaction.run({ text: `lock table ${table} in share row exclusive mode` })
    const moved = await transaction.run({
      text: `
        select setval(sequence, used.last)
        from (select max(${column}) as last from ${table}) as used,
          pg_get_serial_sequence('${table}', '${column}') as sequence
        where used.last > coalesce(pg_sequence_last_value(sequence::regclass), 0)`,
    })
    if (moved.length > 0) repaired.push(table)
  }
  return repaired
}

async function notePlace(transaction: Transaction, { server, timeline, database }: Place): Promise<void> {
  await transaction.run({
    text: `
      insert into holdfast.database_place (server, timeline, database) values ($1, $2, $3)
      on conflict (is_only) do update set
        server = excluded.server, timeline = excluded.timeline, database = excluded.database, noted_at = now()`,
    values: [server, timeline, database],
  })
}

const meanings: Readonly<Record<keyof Place, string>> = {
  server:
    'database is on a different server than at the last start: moved, or restored from a dump; see "Restore and move" in the documentation',
  timeline:
    'server has a different timeline than at the last start: failover, or point-in-time recovery; see "Restore and move" in the documentation',
  database:
    'database is not the same as at the last start: it is a copy, or was restored from a dump; see "Restore and move" in the documentation',
}

function reportChange(row: PlaceRow, log: Logger): void {
  const change = row.is_noted ? changeOf(row) : undefined
  if (change !== undefined) log.warn({ change, before: row.noted, now: row.now }, meanings[change])
}

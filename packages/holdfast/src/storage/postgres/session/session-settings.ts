import type pg from 'pg'
import type { SessionSettings } from './driver-client.ts'

/**
 * The settings that the driver and the framework rely on. A role or a database may set different
 * values (`alter role … set`), under which data would be interpreted differently, so each session
 * sets its own values in the packet that opens it.
 *
 * TimeZone is not included: a `timestamptz` is sent with its offset in every zone, and the zone of
 * `current_date` is the application's choice. Also not included: search_path;
 * `default_transaction_read_only`, which providers use to stop all writes when a disk is full; and
 * `transaction_timeout`, which servers before Postgres 17 would refuse.
 */

// Poolers pass these settings on because the drivers of most languages send them. PgBouncer refuses
// most other settings.
const throughPoolers: SessionSettings = {
  client_encoding: 'UTF8',
  // The driver parses no other date format.
  DateStyle: 'ISO, MDY',
}

const ofOwnSessions: SessionSettings = {
  // The driver parses no other interval format.
  IntervalStyle: 'postgres',
  // A smaller value loses digits of a float.
  extra_float_digits: '1',
  bytea_output: 'hex',
  // If off, a backslash in a literal is an escape, so the literal would end in a different place.
  standard_conforming_strings: 'on',
  // If off, a NULL in an array parameter becomes the text NULL.
  array_nulls: 'on',
  // If on, `= NULL` matches rows.
  transform_null_equals: 'off',
  // The framework takes a lock before it reads the rows that the lock protects, so each statement
  // needs a new snapshot.
  default_transaction_isolation: 'read committed',
}

const ofOwnConnections: SessionSettings = {
  // Each pool and each transaction sets its own limits. A limit of the role would end the
  // framework's own statements: heartbeats, claims, migrations.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  // A timeout would close idle connections of a pool and the LISTEN connection.
  idle_session_timeout: '0',
  // A serializable query would wait until no writing transaction is running.
  default_transaction_deferrable: 'off',
  // The server ends a session whose data is not acknowledged for this long, in milliseconds,
  // because the client's machine or network is gone. Otherwise the session would hold its locks for
  // about 15 minutes.
  tcp_user_timeout: '30000',
  // The same limit, in seconds, for a session whose data is all acknowledged. Such a session may be
  // waiting for the rest of a statement or for its Sync, and before Postgres 17 no server timeout
  // limits that wait.
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '4',
}

/** Returns the settings that a session starts with. */
export function driverSettings({ isPooled }: { readonly isPooled: boolean }): SessionSettings {
  return isPooled ? throughPoolers : { ...throughPoolers, ...ofOwnSessions, ...ofOwnConnections }
}

/**
 * Returns the settings of a pooler's session that differ from the values that the driver needs,
 * each as the `set` clause for an `alter role` that corrects it. A pooler's sessions start with the
 * settings of the role and the database.
 */
export async function wrongSettings(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select name, setting as value from pg_settings where name = any($1)`,
    [Object.keys(ofOwnSessions)],
  )
  return rows
    .filter(({ name, value }) => ofOwnSessions[name] !== value)
    .map(({ name }) => `set ${name} = '${ofOwnSessions[name]}'`)
}

import type pg from 'pg'
import type { SessionSettings } from './driver-client.ts'

/**
 * The settings that the driver and the framework rely on. A role or a database may have others (`alter role … set`), which would change
 * what values mean, so each session sets its own in the packet that opens it.
 *
 * TimeZone is not among them: a `timestamptz` comes with its offset in every zone, and `current_date` is the application's to
 * decide. Neither are search_path, nor `default_transaction_read_only`, by which providers stop all writes when a disk is full, nor
 * `transaction_timeout`, which servers before Postgres 17 would refuse.
 */

// Poolers let these through, since the drivers of most languages send them; of the others, PgBouncer refuses most.
const throughPoolers: SessionSettings = {
  client_encoding: 'UTF8',
  // The driver reads no other dates.
  DateStyle: 'ISO, MDY',
}

const ofOwnSessions: SessionSettings = {
  // The driver reads no other intervals.
  IntervalStyle: 'postgres',
  // Less loses digits of a float.
  extra_float_digits: '1',
  bytea_output: 'hex',
  // With off, a backslash in a literal escapes, and the end of a literal is not where it seems to be.
  standard_conforming_strings: 'on',
  // With off, a NULL in an array that is sent becomes the text NULL.
  array_nulls: 'on',
  // With on, `= NULL` finds rows.
  transform_null_equals: 'off',
  // Locks are taken before what they protect is read, which needs a snapshot for each statement.
  default_transaction_isolation: 'read committed',
}

const ofOwnConnections: SessionSettings = {
  // Limits are those of each pool and each transaction. One of the role would end the framework's own statements: heartbeats,
  // claims, migrations.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  // An idle connection of a pool, and one that listens, would be closed.
  idle_session_timeout: '0',
  // A serializable query would wait until no transaction that writes is running.
  default_transaction_deferrable: 'off',
  // The server ends the session if what it sends is not acknowledged for so long, in milliseconds: the
  // client's machine or network is gone. Otherwise it holds its locks for a quarter of an hour.
  tcp_user_timeout: '30000',
}

/** Returns the settings that a session starts with. */
export function driverSettings({ isPooled }: { readonly isPooled: boolean }): SessionSettings {
  return isPooled ? throughPoolers : { ...throughPoolers, ...ofOwnSessions, ...ofOwnConnections }
}

/**
 * Returns those settings of a pooler's session that are not what the driver relies on, as `alter role` would set them right.
 * A pooler's sessions start with those of the role and the database.
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

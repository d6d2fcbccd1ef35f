import type { Statement } from '../statement/statement.ts'
import { setMarker } from '../transaction/transaction-marker.ts'
import { schemaEpoch } from './read-schema-epoch.ts'

/** The isolation level of a transaction. */
export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable'

/** Time limits of a transaction, in milliseconds. */
export interface TransactionLimits {
  /** Timeout of a statement. */
  readonly statementMs: number
  /** Timeout of an idle period between two statements. */
  readonly idleMs: number
  /** Timeout of the whole transaction. */
  readonly lifetimeMs: number
}

/** Returns limits that all have the same value, in milliseconds. */
export function uniformLimits(ms: number): TransactionLimits {
  return { statementMs: ms, idleMs: ms, lifetimeMs: ms }
}

const beginStatements: Readonly<Record<IsolationLevel, Statement>> = {
  'read committed': { name: 'holdfast_begin', text: 'BEGIN ISOLATION LEVEL READ COMMITTED' },
  'repeatable read': { name: 'holdfast_begin', text: 'BEGIN ISOLATION LEVEL REPEATABLE READ' },
  serializable: { name: 'holdfast_begin', text: 'BEGIN ISOLATION LEVEL SERIALIZABLE' },
}

/**
 * Returns the statement that begins a transaction. It states the isolation level, so a default of
 * the role or the database has no effect. It does not state the access mode: when a disk is full,
 * providers stop all writes with `default_transaction_read_only`, which a transaction must not
 * override.
 */
export function beginStatement(isolation: IsolationLevel): Statement {
  return beginStatements[isolation]
}

/**
 * The SQL columns that set the limits of a transaction (`$1` to `$3`) and its marker (`$4`), and
 * return the schema epoch.
 *
 * `transaction_timeout` limits the transaction in any state, and ends its session. No other limit
 * applies if a client disappears while it sends a message, because its transaction is then neither
 * running a statement nor idle. This limit requires Postgres 17, and is not set on older servers. A
 * `transaction_timeout` of the role is removed first: its timer has been running since BEGIN, and a
 * running timer cannot be changed.
 */
export const limitColumns: string = `
        set_config('statement_timeout', $1, true),
        set_config('idle_in_transaction_session_timeout', $2, true),
        case when current_setting('server_version_num')::int >= 170000 then
          case when set_config('transaction_timeout', '0', true) = '0' then set_config('transaction_timeout', $3, true) end
        end,
        ${setMarker('$4')},
        ${schemaEpoch} as epoch`

const limitText = { name: 'holdfast_limit', text: `select ${limitColumns}` }

/** Returns the values of {@link limitColumns}, in whole milliseconds and with a minimum of one. */
export function limitValues(
  { statementMs, idleMs, lifetimeMs }: TransactionLimits,
  marker: string,
): string[] {
  return [wholeMs(statementMs), wholeMs(idleMs), wholeMs(lifetimeMs), marker]
}

/**
 * Returns a statement that sets the limits and the marker of a transaction, and reads the schema
 * epoch, in the round trip of BEGIN.
 */
export function limitTransaction(limits: TransactionLimits, marker: string): Statement {
  return { ...limitText, values: limitValues(limits, marker) }
}

// Zero would mean no limit.
function wholeMs(ms: number): string {
  return String(Math.max(1, Math.ceil(ms)))
}

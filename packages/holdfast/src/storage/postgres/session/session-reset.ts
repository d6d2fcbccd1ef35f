import { OutgoingStatement } from '../wire/outgoing-statement.ts'

/**
 * Resets a session after a handler's statements, before another call uses it.
 *
 * Any statement of a handler may change its session, and the statement's text need not show this:
 * `select my_function()` may call set_config, take a session-level lock or create a temporary
 * table. A view, a trigger, a default or a policy that an ordinary statement reaches may do the
 * same. A setting that a function changed cannot be detected afterwards. So every handler statement
 * counts as a change, and no statement of the framework does (decisions/018). The reset is sent in
 * the same flush, after the statement, COMMIT or ROLLBACK. It costs no round trip, because no
 * caller waits for it. The connection returns to its pool when the reset is confirmed, and is
 * closed if it fails.
 *
 * The settings that a session starts with, including the framework's limits, come from its startup
 * packet, and RESET restores them. The reset does not undo the state of an extension (`dblink`,
 * `plperl`), or `setseed`. It also does not undo a PREPARE within a function called by a select;
 * such a prepared statement uses memory until the session ends.
 */

const statements = [
  'reset session authorization',
  'reset role',
  'reset all',
  'close all',
  'unlisten *',
  'discard temp',
  'discard sequences',
  'select pg_catalog.pg_advisory_unlock_all()',
].join('; ')

// Removes the statements prepared with the SQL command PREPARE. DEALLOCATE ALL would also remove
// the driver's prepared statements. This part only runs after unusual statements, because it reads
// all prepared statements.
const deallocate = `; do $$ declare found text; begin
  for found in select name from pg_catalog.pg_prepared_statements where from_sql loop
    execute pg_catalog.format('deallocate %I', found);
  end loop; end $$`

/** Options of {@link SessionReset}. */
export interface SessionResetOptions {
  /**
   * True to also remove prepared statements, because an unplannable statement has run, such as DO
   * or CALL.
   */
  readonly isThorough: boolean
  /**
   * The `statement_timeout` to set, in milliseconds. Default: the timeout that the session started
   * with.
   */
  readonly statementTimeoutMs: number | undefined
}

/** A reset of a session, and its outcome. */
export class SessionReset {
  readonly statement: OutgoingStatement
  /**
   * The `statement_timeout` of the session after the reset, in milliseconds; `undefined` for the
   * timeout that the session started with.
   */
  readonly statementTimeoutMs: number | undefined
  #isSettled = false
  #hasSucceeded = false
  #settled: ((hasSucceeded: boolean) => void) | undefined

  constructor({ isThorough, statementTimeoutMs }: SessionResetOptions) {
    const limit = statementTimeoutMs === undefined ? '' : `; set statement_timeout = ${statementTimeoutMs}`
    this.statement = new OutgoingStatement(
      { text: `${statements}${isThorough ? deallocate : ''}${limit}` },
      {
        values: undefined,
        receiver: { succeed: () => this.#settle(true), fail: () => this.#settle(false) },
        tooManyRows: () => {},
        // A reset is sent for each call, and decoding its eight results would take longer than
        // sending it.
        discardsResult: true,
      },
    )
    this.statementTimeoutMs = statementTimeoutMs
  }

  /** True if the reset failed, because a transaction was open or because the session ended. */
  get hasFailed(): boolean {
    return this.#isSettled && !this.#hasSucceeded
  }

  get hasSucceeded(): boolean {
    return this.#hasSucceeded
  }

  /**
   * Calls `settled` when the reset has succeeded or failed. Call this method at most once, before
   * the reset has ended.
   */
  whenSettled(settled: (hasSucceeded: boolean) => void): void {
    this.#settled = settled
  }

  #settle(hasSucceeded: boolean): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#hasSucceeded = hasSucceeded
    this.#settled?.(hasSucceeded)
  }
}

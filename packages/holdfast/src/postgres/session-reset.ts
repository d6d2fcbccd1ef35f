import { DriversQuery } from './driver-internals.ts'

/**
 * Resets a session after a handler's statements, before anyone else gets it.
 *
 * When may a session have been changed? `select my_function()` may have called set_config, taken a session's lock or made a
 * temporary table, and so may a view, a trigger, a default or a policy that an ordinary statement reaches; none of it can be seen in the
 * text, and a setting that a function made cannot be seen afterwards. So the rule is: by every statement of a handler, and by none of the
 * framework's own (decisions/022). The reset is sent in the flush of the statement, COMMIT or ROLLBACK before it, and no caller waits for it: it
 * costs no round trip. The connection goes back to its pool once the reset was confirmed, and is closed if it was not.
 *
 * The settings that a session starts with, the framework's limits among them, are those of its startup packet, which RESET restores.
 * What it cannot undo: the state of an extension (`dblink`, `plperl`), `setseed`, and a PREPARE within a function of a select, which takes
 * memory until the session ends.
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

// DEALLOCATE ALL would take those of the driver as well. Looked for after statements that are unusual: it reads all that is prepared.
const deallocate = `; do $$ declare found text; begin
  for found in select name from pg_catalog.pg_prepared_statements where from_sql loop
    execute pg_catalog.format('deallocate %I', found);
  end loop; end $$`

/** Options of {@link SessionReset}. */
export interface SessionResetOptions {
  /** Whether a statement came before that is neither a select nor one that writes rows: DO, CALL. */
  readonly isThorough: boolean
  /** The limit that the session goes on with, in milliseconds. Default: the one that it started with. */
  readonly statementTimeoutMs: number | undefined
}

/** The reset of a session: a query of the driver that has no result, but either succeeds or fails. */
export class SessionReset extends DriversQuery {
  /** The limit that a session has after it, in milliseconds; `undefined` for the one that it started with. */
  readonly statementTimeoutMs: number | undefined
  #isSettled = false
  #hasSucceeded = false
  #settled: ((hasSucceeded: boolean) => void) | undefined

  constructor({ isThorough, statementTimeoutMs }: SessionResetOptions) {
    const limit = statementTimeoutMs === undefined ? '' : `; set statement_timeout = ${statementTimeoutMs}`
    super(`${statements}${isThorough ? deallocate : ''}${limit}`)
    this.statementTimeoutMs = statementTimeoutMs
  }

  /** Whether it has failed: in a transaction that is open, or since the session has ended. */
  get hasFailed(): boolean {
    return this.#isSettled && !this.#hasSucceeded
  }

  get hasSucceeded(): boolean {
    return this.#hasSucceeded
  }

  /** Calls `settled` when it has succeeded or failed. Called once at most, before either. */
  whenSettled(settled: (hasSucceeded: boolean) => void): void {
    this.#settled = settled
  }

  #settle(hasSucceeded: boolean): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#hasSucceeded = hasSucceeded
    this.#settled?.(hasSucceeded)
  }

  // Nobody reads what it returns.
  override handleRowDescription(): void {}
  override handleDataRow(): void {}
  override handleCommandComplete(): void {}

  override handleReadyForQuery(): void {
    this.#settle(true)
  }

  override handleError(): void {
    this.#settle(false)
  }
}

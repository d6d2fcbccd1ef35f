import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import { isConnectionLost } from '../session/driver-internals.ts'
import { NoConnection } from './no-connection.ts'

/** The fields of a Postgres error that the framework reads. */
interface PostgresError extends Error {
  /**
   * The SQLSTATE (five characters), or the name of a system error such as `ECONNRESET` if the
   * socket failed.
   */
  readonly code?: string
  readonly severity?: string
  readonly constraint?: string
  /** The server function that raised the error. */
  readonly routine?: string
}

const fromDriver = new WeakSet<Error>()

/**
 * Marks an error as coming from the connection to Postgres. Other errors can look the same, such as
 * the refusal of a handler's own connection to another service.
 */
export function markDriverError(error: unknown): unknown {
  if (error instanceof Error) fromDriver.add(error)
  return error
}

const hidden = new WeakMap<Error, unknown>()

/**
 * Records the driver error behind a query builder's error, if the `cause` of the builder's error is
 * a different error.
 */
export function hideDriverError(wrapper: Error, error: unknown): void {
  hidden.set(wrapper, error)
}

/** Returns the underlying error. Prisma does not store it in `cause`. */
function originOf(error: Error & { readonly meta?: { readonly driverAdapterError?: unknown } }): unknown {
  return hidden.get(error) ?? error.cause ?? error.meta?.driverAdapterError
}

// Query builders wrap the driver's error once or twice. The limit also ends the search if an error
// is its own cause.
const maxCauseDepth = 8

/**
 * Returns the driver error behind an error. Query builders store it as the `cause` of their own
 * error.
 */
export function driverError(error: unknown): PostgresError | undefined {
  return findBehind(error, (candidate): candidate is PostgresError => fromDriver.has(candidate))
}

/**
 * Returns the framework's error for a rejected statement, if a query builder has wrapped that
 * error.
 */
export function refusalBehind(error: unknown): HoldfastError | undefined {
  return findBehind(error, (candidate) => candidate instanceof HoldfastError)
}

function findBehind<Found extends Error>(
  error: unknown,
  is: (candidate: Error) => candidate is Found,
): Found | undefined {
  let current = error
  for (let depth = 0; current instanceof Error && depth < maxCauseDepth; depth += 1) {
    if (is(current)) return current
    current = originOf(current)
  }
  return undefined
}

/**
 * Returns the SQLSTATE of an error, or of the driver error behind it.
 *
 * @example
 * ```ts
 * const state = await pool.query('select 1 / 0').catch((error: unknown) => sqlStateOf(error))
 * console.log(state) // '22012', division_by_zero
 * ```
 */
export function sqlStateOf(error: unknown): string | undefined {
  const driver = driverError(error)
  return driver?.severity === undefined ? undefined : driver.code
}

/**
 * Returns the name of the constraint that a statement violated.
 *
 * @example
 * ```ts no-run
 * try {
 *   await pool.query("insert into users (email) values ('ann@example.org')")
 * } catch (error) {
 *   if (constraintOf(error) === 'users_email_key') throw EmailTaken()
 *   throw error
 * }
 * ```
 */
export function constraintOf(error: unknown): string | undefined {
  return driverError(error)?.constraint
}

/**
 * Returns whether the same transaction may succeed if run again: SQLSTATE serialization_failure,
 * deadlock_detected, or a stale prepared statement.
 */
export function isRetryable(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === '40001' || state === '40P01' || isStalePlan(error)
}

// Failures caused by the data or by the values of the statement: data exceptions, integrity
// constraints, check options, cardinality, and errors raised by PL/pgSQL. With the same data, a
// retry fails again.
const finalStates = /^(?:22|23|44|21000|P000[123])/

/**
 * Returns whether a failure of a statement may lead to a final answer. All unlisted states may be
 * transient: unavailable locks, cancelled statements, lack of resources, defects, missing
 * privileges.
 */
export function mayBeFinal(error: unknown): boolean {
  return finalStates.test(sqlStateOf(error) ?? '')
}

const stalePlans = new WeakSet<Error>()

/**
 * Marks an error as possibly caused by a stale prepared statement instead of by the statement
 * itself.
 */
export function markStalePlan(error: Error): void {
  stalePlans.add(error)
}

/**
 * Returns whether a stale prepared statement may have caused a failure. If so, run the statement
 * again: it is then prepared again, or runs unprepared.
 */
export function isStalePlan(error: unknown): boolean {
  const driver = driverError(error)
  return driver !== undefined && stalePlans.has(driver)
}

/**
 * Returns whether the session does not know the name of a prepared statement, because of a
 * DEALLOCATE, a pooler or a failover.
 */
export function isStatementUnknown(error: unknown): boolean {
  return sqlStateOf(error) === '26000'
}

/**
 * Returns whether a stale prepared statement may have caused an error. The columns of its result
 * may have changed (feature_not_supported). A value may not fit the former type of a parameter
 * (class 22). A type may not fit the column, or may no longer exist (class 42, internal_error). A
 * missing privilege (42501) is excluded.
 */
export function mayComeFromStalePlan(error: unknown): boolean {
  return /^(?:0A|22|42(?!501)|XX000)/.test(sqlStateOf(error) ?? '')
}

/**
 * Returns whether the SQLSTATE is in_failed_sql_transaction: an earlier statement failed, so the
 * transaction has failed too.
 */
export function isInFailedTransaction(error: unknown): boolean {
  return sqlStateOf(error) === '25P02'
}

const readOnlyServer = new WeakSet<Error>()

/** Returns whether a statement failed because its transaction is read-only. */
export function isReadOnlyTransaction(error: unknown): boolean {
  return sqlStateOf(error) === '25006'
}

/**
 * Marks a read-only error of a session that should be able to write. In a session that is read-only
 * by design, the same SQLSTATE is a defect of the statement.
 */
export function markReadOnlyServer(error: unknown): void {
  const driver = driverError(error)
  if (driver) readOnlyServer.add(driver)
}

const socketErrors = new Set([
  // Unix socket errors: no permission, and a full queue of connections waiting to be accepted.
  'EACCES',
  'EAGAIN',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** Returns whether a request for a connection was refused because the queue was full. */
export function isQueueFull(error: unknown): boolean {
  const driver = driverError(error)
  return driver instanceof NoConnection && driver.reason === 'queue-full'
}

/**
 * Returns whether an error means that the connection or the server is unavailable, or that the
 * server accepts no writes for now. The statement may or may not have taken effect.
 */
export function isUnavailable(error: unknown): boolean {
  const driver = driverError(error)
  if (!driver) return false
  if (driver instanceof NoConnection) return true
  if (driver.severity === undefined) return socketErrors.has(driver.code ?? '') || isConnectionLost(driver)
  if (readOnlyServer.has(driver)) return true
  const state = driver.code ?? ''
  // Class 08: connection exceptions. 28: the user or the password of a new connection was refused,
  // such as between the two steps of a rotation. 57P: the server is stopping, starting, or has
  // ended the session. 53300: too many connections. 25P03 and 25P04: the session was ended because
  // it was idle in a transaction, or because its transaction took too long.
  return /^(?:08|28|57P|53300|25P0[34])/.test(state)
}

/**
 * Returns whether a read that failed on a replica may succeed on the primary. This is the case if
 * the replica is unavailable, if the read conflicted with recovery, or if the replica may not have
 * applied a migration yet (class 42, 3F000).
 */
export function mayBeOfReplica(error: unknown): boolean {
  return isUnavailable(error) || isRetryable(error) || /^(?:42|3F)/.test(sqlStateOf(error) ?? '')
}

import { HoldfastError } from '../kernel/holdfast-error.ts'
import { NoConnection } from './no-connection.ts'

/** What Postgres says of an error, as far as it is read here. */
interface PostgresError extends Error {
  /** SQLSTATE, five characters; a system error's name (`ECONNRESET`) where the socket failed. */
  readonly code?: string
  readonly severity?: string
  readonly constraint?: string
  /** The function of the server that found it. */
  readonly routine?: string
}

const fromDriver = new WeakSet<Error>()

/**
 * Marks an error as one of the connection to Postgres. Others look alike, such as a refused connection of a handler's own to
 * somewhere else, and say nothing about the database.
 */
export function markDriverError(error: unknown): unknown {
  if (error instanceof Error) fromDriver.add(error)
  return error
}

const hidden = new WeakMap<Error, unknown>()

/** Says which error of the driver is behind one of a query builder that has something else as its cause. */
export function hideDriverError(wrapper: Error, error: unknown): void {
  hidden.set(wrapper, error)
}

/** What an error comes from. Prisma has that in another place than the language does. */
function originOf(error: Error & { readonly meta?: { readonly driverAdapterError?: unknown } }): unknown {
  return hidden.get(error) ?? error.cause ?? error.meta?.driverAdapterError
}

// Query builders wrap the driver's error in one or two of theirs; an error may also be its own cause.
const deepestCause = 8

/** The error of the driver behind an error: query builders wrap it as the cause of theirs. */
export function driverError(error: unknown): PostgresError | undefined {
  return findBehind(error, (candidate): candidate is PostgresError => fromDriver.has(candidate))
}

/** What the framework refused a statement with, behind an error of a query builder. */
export function refusalBehind(error: unknown): HoldfastError | undefined {
  return findBehind(error, (candidate) => candidate instanceof HoldfastError)
}

function findBehind<E extends Error>(
  error: unknown,
  is: (candidate: Error) => candidate is E,
): E | undefined {
  let current = error
  for (let depth = 0; current instanceof Error && depth < deepestCause; depth += 1) {
    if (is(current)) return current
    current = originOf(current)
  }
  return undefined
}

/** The SQLSTATE of an error, or of the driver's error behind it. */
export function sqlStateOf(error: unknown): string | undefined {
  const driver = driverError(error)
  return driver?.severity === undefined ? undefined : driver.code
}

/** The constraint that a statement violated. */
export function constraintOf(error: unknown): string | undefined {
  return driverError(error)?.constraint
}

/**
 * Whether the same transaction, run again, may well succeed: SQLSTATE serialization_failure and deadlock_detected, and what was
 * prepared before something changed.
 */
export function isWorthRerunning(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === '40001' || state === '40P01' || isStalePlan(error)
}

// What the data or the statement's values are the reason of: data exceptions, integrity constraints, check
// options, cardinality, and what a function raises or finds. With the same data, a retry fails alike.
const finalStates = /^(?:22|23|44|21000|P000[123])/

/**
 * Returns whether a failure of a statement may lead to a final answer. All states that are not listed may
 * pass: locks that were not available, cancelled statements, resources, defects, missing privileges.
 */
export function mayBeFinal(error: unknown): boolean {
  return finalStates.test(sqlStateOf(error) ?? '')
}

const stalePlans = new WeakSet<Error>()

/** Marks an error as one that what was prepared of its statement may be the reason of, rather than the statement. */
export function markStalePlan(error: Error): void {
  stalePlans.add(error)
}

/** Whether what was prepared of a statement may be the reason of its failure: it is worth being run again, without anything prepared. */
export function isStalePlan(error: unknown): boolean {
  const driver = driverError(error)
  return driver !== undefined && stalePlans.has(driver)
}

/**
 * Whether an error says that what was prepared cannot be used any more: a table gives other columns than it did, or the session
 * does not know the name, which a pooler, a failover or a DEALLOCATE has done.
 */
export function saysPlanIsStale(error: unknown): boolean {
  const state = sqlStateOf(error)
  // feature_not_supported is said of much else; the message is in the language of the server.
  return state === '26000' || (state === '0A000' && driverError(error)?.routine === 'RevalidateCachedQuery')
}

/**
 * Whether an error may come from the types that parameters had when a statement was prepared: a value that does not fit (class 22),
 * a type that does not fit the column or is gone (class 42, internal_error). A right that is missing is none of these.
 */
export function mayComeFromStalePlan(error: unknown): boolean {
  return /^(?:0A|22|42(?!501)|XX000)/.test(sqlStateOf(error) ?? '')
}

/** SQLSTATE in_failed_sql_transaction: a statement before this one failed, and the transaction with it. */
export function isInFailedTransaction(error: unknown): boolean {
  return sqlStateOf(error) === '25P02'
}

const readOnlyServer = new WeakSet<Error>()

/** Returns whether a statement failed because its transaction is read-only. */
export function isReadOnlyTransaction(error: unknown): boolean {
  return sqlStateOf(error) === '25006'
}

/**
 * Marks an error of a session that should be able to write. In a session that is read-only by design,
 * the same SQLSTATE is a defect of the statement.
 */
export function markReadOnlyServer(error: unknown): void {
  const driver = driverError(error)
  if (driver) readOnlyServer.add(driver)
}

const socketErrors = new Set([
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

// The driver's own errors carry no code; these are the texts of those that mean that there is no connection.
const driverMessages =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout expired)/

/** Returns whether a request for a connection was refused because too many others waited. */
export function isQueueFull(error: unknown): boolean {
  const driver = driverError(error)
  return driver instanceof NoConnection && driver.reason === 'queue-full'
}

/**
 * Returns whether an error means that the connection or the server is unavailable, or that the server
 * accepts no writes for now. What was asked may or may not have happened.
 */
export function isUnavailable(error: unknown): boolean {
  const driver = driverError(error)
  if (!driver) return false
  if (driver instanceof NoConnection) return true
  if (driver.severity === undefined)
    return socketErrors.has(driver.code ?? '') || driverMessages.test(driver.message)
  if (readOnlyServer.has(driver)) return true
  const state = driver.code ?? ''
  // Class 08: connection exceptions. 57P: the server is stopping, starting, or has ended the session. 53300: no connection free.
  // 25P03 and 25P04: the session was ended for its idleness or the length of its transaction.
  return /^(?:08|57P|53300|25P0[34])/.test(state)
}

/**
 * Whether the primary may answer what a replica has failed with: that it is away, that a row which it was reading was to be removed (a recovery
 * conflict), or that it does not have yet what a migration has made (class 42, 3F000).
 */
export function mayBeOfReplica(error: unknown): boolean {
  return isUnavailable(error) || isWorthRerunning(error) || /^(?:42|3F)/.test(sqlStateOf(error) ?? '')
}

import { HoldfastError, ProblemError } from 'holdfast'
import { redactText } from './redact-stored.ts'

/**
 * Returns the message that people see for a failure. It never contains the password of a URL, and
 * contains a stack only for a defect.
 */
export function explainFailure(error: unknown): string {
  return redactText(explain(error))
}

function explain(error: unknown): string {
  if (error instanceof HoldfastError && error.code === 'database-unreachable' && error.cause !== undefined)
    return explain(error.cause)
  if (error instanceof HoldfastError) return `${error.message} (${error.code})`
  if (error instanceof ProblemError)
    return `${error.problem.title}. ${error.detail ?? error.problem.description} (${error.code})`
  if (!(error instanceof Error)) return `a value that is not an Error was thrown: ${String(error)}`
  const { code } = error as NodeJS.ErrnoException
  // Postgres's codes for a missing schema, table, column or function.
  if (code !== undefined && ['3F000', '42P01', '42703', '42883'].includes(code))
    return `The tables of Holdfast are missing from this database or have a different version (${error.message}). To create them, start a service of this version on it. Otherwise, select another database.`
  if (code === '55P03')
    return 'Waited 10 seconds for a lock that another transaction holds. Nothing was changed. Try again.'
  if (isOfConnection(error, code))
    return `Cannot connect to the database: ${messageOf(error)}. Check the address and the log of the database.`
  if (isOfPostgres(error))
    return `The database rejected the statement: ${error.message} (SQLSTATE ${code ?? 'unknown'}).`
  return `Internal error of the command line: ${error.stack ?? error.message}`
}

function messageOf(error: Error): string {
  // If several addresses were tried, the aggregate error has no message, but contains an error with
  // a message for each address.
  if (error instanceof AggregateError) return error.errors.map((one: Error) => one.message).join(', ')
  return error.message
}

const socketErrors =
  /^(?:EACCES|EAGAIN|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOENT|ENOTFOUND|EPIPE|ETIMEDOUT)$/
// Errors of the driver itself, which have no code.
const driverMessages = /^(?:Connection terminated|timeout expired|The server does not support SSL)/

function isOfConnection(error: Error, code: string | undefined): boolean {
  if (code === undefined) return driverMessages.test(error.message)
  // Postgres's codes for connection exceptions, refused logins, a missing database, too many
  // connections, and a stopping or starting server.
  return (
    socketErrors.test(code) ||
    (isOfPostgres(error) && /^(?:08|28|57P|3D000|53300)/.test(code)) ||
    code.startsWith('ERR_TLS')
  )
}

function isOfPostgres(error: Error): boolean {
  return 'severity' in error
}

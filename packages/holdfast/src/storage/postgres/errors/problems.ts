import { type AnyProblemType, problem, type ProblemType } from '../../../kernel/problem/problem.ts'

/**
 * The problem for a database that cannot be reached, is starting or stopping, accepts no writes, or
 * has no free connection.
 */
export const DatabaseUnavailable: ProblemType<'database-unavailable', Record<never, never>> = problem(
  'database-unavailable',
  {
    status: 503,
    title: 'The database cannot be reached',
    description:
      'The database is away, restarting, read-only for now, or has no connection free. Nothing of the call has been kept. Send it again after `Retry-After` seconds; with the same idempotency key that is safe.',
    headers: { 'retry-after': '1' },
  },
)

/**
 * The problem for too many calls of the process waiting for a connection: see the option
 * `connections`.
 */
export const DatabaseBusy: ProblemType<'database-busy', Record<never, never>> = problem('database-busy', {
  status: 503,
  title: 'Too many calls wait for the database',
  description:
    'All database connections of the process are in use, and as many calls wait for one as may. Nothing of the call has been kept. Send it again after `Retry-After` seconds; with the same idempotency key that is safe.',
  headers: { 'retry-after': '1' },
})

/**
 * The problem for a transaction that kept conflicting with others on the same rows until its
 * deadline.
 */
export const DatabaseContended: ProblemType<'database-contended', Record<never, never>> = problem(
  'database-contended',
  {
    status: 503,
    title: 'Too many calls work on the same data',
    description:
      'The transaction was run again after each conflict with others, until its deadline. Nothing of the call has been kept. Send it again after `Retry-After` seconds; with the same idempotency key that is safe.',
    headers: { 'retry-after': '1' },
  },
)

/** All problems of the database itself. */
export const postgresProblems: readonly AnyProblemType[] = [
  DatabaseUnavailable,
  DatabaseBusy,
  DatabaseContended,
]

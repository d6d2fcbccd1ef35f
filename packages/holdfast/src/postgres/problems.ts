import { type AnyProblemType, problem, type ProblemType } from '../kernel/problem.ts'

/** Postgres cannot be reached, is starting or stopping, accepts no writes, or has no connection free. */
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

/** Too many calls of the process wait for a connection: see the option `connections`. */
export const DatabaseBusy: ProblemType<'database-busy', Record<never, never>> = problem('database-busy', {
  status: 503,
  title: 'Too many calls wait for the database',
  description:
    'All database connections of the process are in use, and as many calls wait for one as may. Nothing of the call has been kept. Send it again after `Retry-After` seconds; with the same idempotency key that is safe.',
  headers: { 'retry-after': '1' },
})

/** The transaction met others on the same rows again and again until the deadline. */
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

/** Every problem of the database as such. */
export const postgresProblems: readonly AnyProblemType[] = [
  DatabaseUnavailable,
  DatabaseBusy,
  DatabaseContended,
]

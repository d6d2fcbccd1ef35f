import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The row of {@link readFailures} and {@link countFailures}. */
export interface FailuresRow {
  readonly id: Buffer
  readonly count: number
}

/** Reads the failed sign-ins of an account and of a client. */
export function readFailures(ids: readonly Buffer[]): Statement {
  return {
    // With `ends_at > now()`, Postgres might read all counts through the index on `ends_at`.
    // This condition cannot use that index.
    text: `
      select id, count from holdfast.sign_in_failures
      where id = any($1::bytea[]) and ends_at - now() > interval '0'`,
    values: [ids],
  }
}

/** Counts a failed sign-in of an account and of a client. */
export function countFailures(ids: readonly Buffer[], windowMs: number): Statement {
  return {
    text: `
      insert into holdfast.sign_in_failures as failures (id, ends_at)
      select id, now() + $2 * interval '1 millisecond' from unnest($1::bytea[]) as id order by id
      on conflict (id) do update set
        count = case when failures.ends_at > now() then failures.count + 1 else 1 end,
        ends_at = case when failures.ends_at > now() then failures.ends_at else excluded.ends_at end`,
    values: [ids, windowMs],
  }
}

/** Forgets the failed sign-ins of an account. */
export function forgetFailures(id: Buffer): Statement {
  return { text: 'delete from holdfast.sign_in_failures where id = $1', values: [id] }
}

/** Deletes counts that have ended, up to a number of rows. */
export function deleteEndedFailures(limit: number): Statement {
  return {
    text: `
      delete from holdfast.sign_in_failures where id = any(array(
        select id from holdfast.sign_in_failures where ends_at < now() order by ends_at limit $1
      ))`,
    values: [limit],
  }
}

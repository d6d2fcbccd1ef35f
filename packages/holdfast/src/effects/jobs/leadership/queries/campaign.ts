import type { Statement } from '../../../../storage/postgres/statement/statement.ts'

/** A process that campaigns to lead a service. */
export interface Candidate {
  readonly service: string
  /** A UUID that identifies the process. */
  readonly holder: string
  /** Names of the tasks that the process runs if it leads. */
  readonly covers: readonly string[]
  readonly leaseMs: number
  /**
   * The `application_name` of a session that the process keeps open while it lives; `null` if the
   * process has no such session.
   */
  readonly session: string | null
}

/** The outcome of {@link campaign}. */
export interface CampaignRow {
  /** The term of the candidate if it leads now; `null` if another process leads. */
  readonly term: string | null
  /**
   * Time until the lease of the other process ends, in milliseconds; `null` if there is no other
   * process.
   */
  readonly left_ms: number | null
  /** Names of the other process's tasks; `null` if there is no other process. */
  readonly covers: readonly string[] | null
}

// A killed process leaves a lease but no session. Sessions of other roles may not be visible.
const isGone = `leader.session is not null and leader.role = current_user and not exists (
        select from pg_stat_activity where application_name = leader.session and datname = current_database()
      )`

/**
 * Takes the lease of a service if it is free or has ended, or if its holder is gone. Renews the
 * lease if the candidate holds it. If several candidates run this statement at the same time, one
 * of them wins, since the condition is checked on the locked row.
 */
export function campaign({ service, holder, covers, leaseMs, session }: Candidate): Statement {
  return {
    name: 'holdfast_campaign',
    text: `
      with other as (
        select covers, extract(epoch from expires_at - clock_timestamp())::double precision * 1000 as left_ms,
          ${isGone} as is_gone
        from holdfast.service_leaders as leader
        where service = $1 and holder <> $2
      ), won as (
        insert into holdfast.service_leaders as leader (service, holder, term, expires_at, session, role, covers)
        select $1, $2::uuid, 1, clock_timestamp() + make_interval(secs => $3::double precision / 1000), $4::text, current_user, $5::text[]
        where not exists (select from other where left_ms > 0 and not is_gone)
        on conflict (service) do update set
          holder = excluded.holder,
          term = leader.term + (leader.holder <> excluded.holder)::integer,
          expires_at = excluded.expires_at,
          session = excluded.session,
          role = excluded.role,
          covers = excluded.covers
        where leader.holder = excluded.holder or leader.expires_at <= clock_timestamp() or (${isGone})
        returning term
      )
      select (select term from won) as term, other.left_ms, other.covers
      from (select) as one left join other on true`,
    values: [service, holder, leaseMs, session, covers],
  }
}

/** Ends a holder's lease, so that other processes can take it immediately. */
export function resign(service: string, holder: string): Statement {
  return {
    name: 'holdfast_resign',
    text: `
      update holdfast.service_leaders set expires_at = clock_timestamp()
      where service = $1 and holder = $2 and expires_at > clock_timestamp()`,
    values: [service, holder],
  }
}

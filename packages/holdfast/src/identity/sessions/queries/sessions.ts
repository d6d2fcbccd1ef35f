import type { Statement } from '../../../storage/postgres/statement/statement.ts'

/** The stored row of a session. */
export interface SessionRow {
  readonly id: string
  readonly account: string
  readonly tenant: string | null
  readonly authenticated_at: Date
  readonly created_at: Date
  readonly seen_at: Date
  readonly expires_at: Date
  readonly address: string | null
  readonly user_agent: string | null
}

// One expression, so that no plan uses an index to read all sessions that expire later.
const notEnded = "least(expires_at, seen_at + $3 * interval '1 millisecond') > now()"

/** The row of {@link findSession}. */
export interface FoundSession extends Pick<SessionRow, 'id' | 'account' | 'tenant' | 'authenticated_at'> {
  /** True if the last use has to be written again. */
  readonly is_stale: boolean
}

const columns = 'id, account, tenant, authenticated_at, created_at, seen_at, expires_at, address, user_agent'

/** Max interval between two writes of a session's last use. */
const seenInterval = "interval '1 minute'"

/** Finds the session of a token, unless the session has ended. */
export function findSession(
  service: string,
  { tokenHash, idleMs }: { readonly tokenHash: Buffer; readonly idleMs: number },
): Statement {
  return {
    text: `
      select id, account, tenant, authenticated_at, seen_at < now() - ${seenInterval} as is_stale
      from holdfast.sessions
      where token_hash = $1 and service = $2 and ${notEnded}`,
    values: [tokenHash, service, idleMs],
  }
}

/** Parameters of {@link insertSession}. */
export interface InsertedSession extends Pick<
  SessionRow,
  'id' | 'account' | 'tenant' | 'address' | 'user_agent'
> {
  readonly service: string
  readonly tokenHash: Buffer
  readonly absoluteMs: number
  /** Max number of sessions of the account, including the new one. */
  readonly limit: number
  /** The session that the new one replaces. */
  readonly replaces: string | null
}

/**
 * Inserts a session. Deletes the session that it replaces, and the account's oldest sessions beyond
 * the limit.
 */
export function insertSession(session: InsertedSession): Statement {
  return {
    text: `
      with surplus as (
        delete from holdfast.sessions where id = any(array(
          select id from holdfast.sessions where service = $2 and account = $4
          order by created_at desc offset $9::int - 1
        ))
      ), replaced as (
        delete from holdfast.sessions where id = $10::uuid and service = $2
      )
      insert into holdfast.sessions
        (id, service, token_hash, account, tenant, address, user_agent, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond')`,
    values: [
      session.id,
      session.service,
      session.tokenHash,
      session.account,
      session.tenant,
      session.address,
      session.user_agent,
      session.absoluteMs,
      session.limit,
      session.replaces,
    ],
  }
}

/** Deletes one session of an account. */
export function deleteSession(service: string, account: string, id: string): Statement {
  return {
    text: 'delete from holdfast.sessions where service = $1 and account = $2 and id = $3',
    values: [service, account, id],
  }
}

/** Deletes all sessions of an account except one. */
export function deleteSessions(service: string, account: string, except: string | null): Statement {
  return {
    text: `
      delete from holdfast.sessions
      where service = $1 and account = $2 and id is distinct from $3::uuid`,
    values: [service, account, except],
  }
}

/** Selects the active sessions of an account, newest first. */
export function selectSessions(service: string, account: string, idleMs: number): Statement {
  return {
    text: `
      select ${columns} from holdfast.sessions
      where service = $1 and account = $2 and ${notEnded}
      order by created_at desc, id desc limit 100`,
    values: [service, account, idleMs],
  }
}

/** Records that sessions were used. */
export function noteSeen(ids: readonly string[]): Statement & { readonly values: readonly unknown[] } {
  return {
    text: `
      update holdfast.sessions set seen_at = now()
      where id = any($1::uuid[]) and seen_at < now() - ${seenInterval}`,
    values: [ids],
  }
}

/** Deletes expired sessions, up to `limit` rows. */
export function deleteExpired(limit: number): Statement {
  return {
    text: `
      delete from holdfast.sessions where id = any(array(
        select id from holdfast.sessions where expires_at < now() order by expires_at limit $1
      ))`,
    values: [limit],
  }
}

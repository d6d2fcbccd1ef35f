import type { UseRecord } from '../../kernel/host/use-record.ts'
import type { Identifier } from '../../kernel/operation/identifier.ts'
import { access, type Access } from '../../kernel/operation/access/access.ts'
import type { Caller, User } from '../../kernel/operation/caller.ts'
import { Unauthenticated } from '../../kernel/problem/problems.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { cachedIdentifier } from '../cache/cached-identifier.ts'
import { findSession, type FoundSession, noteSeen } from './queries/sessions.ts'
import { hashToken, isToken } from './session-token.ts'

/** A user who is authenticated by a session. */
export interface SessionUser extends User {
  /** The id of the session. It is not a credential. */
  readonly session: string
}

/** The parts of sessions that the identifier needs. */
export interface SessionIdentifierParts {
  /** The name of the cookie. */
  readonly cookie: string
  readonly idleMs: number
}

/** Returns the identifier that finds the user of a session cookie. */
export function sessionIdentifier({ cookie, idleMs }: SessionIdentifierParts): Identifier {
  return cachedIdentifier({
    name: 'session',
    securitySchemes: { session: { in: 'cookie', name: cookie } },
    key({ cookies }) {
      const token = cookies.get(cookie)
      if (token !== undefined && !isToken(token)) throw ended()
      return token
    },
    async load(token, { statements, recordUse }) {
      const [row] = await runStatement<FoundSession>(
        statements,
        findSession(statements.service, { tokenHash: hashToken(token), idleMs }),
      )
      if (!row) throw ended()
      if (row.is_stale) recordUse(sessionUse, row.id)
      return toCaller(row)
    },
  })
}

const sessionUse: UseRecord = { statement: noteSeen }

/**
 * Returns a rule that admits users who call with a session, but not users with other credentials.
 *
 * @example
 * ```ts
 * const session = sessions()
 * mutation({
 *   route: 'DELETE /session',
 *   access: inSession(),
 *   run: async ({ caller, transaction }) =>
 *     void (await session.end(transaction, { user: caller.id, id: caller.session })),
 * })
 * ```
 */
export function inSession(): Access<SessionUser> {
  return access('inSession()', ({ caller }) => (isSessionUser(caller) ? caller : Unauthenticated()))
}

/** Returns true if a caller calls with a session. */
export function isSessionUser(caller: Caller): caller is SessionUser {
  return caller.kind === 'user' && 'session' in caller
}

function toCaller({ id, account, tenant, authenticated_at }: FoundSession): SessionUser {
  return {
    kind: 'user',
    id: account,
    ...(tenant === null ? {} : { tenant }),
    authenticatedAt: authenticated_at,
    session: id,
  }
}

function ended(): Error {
  return Unauthenticated({ detail: 'The session has ended.' })
}

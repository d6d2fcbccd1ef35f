import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { uuidv7 } from '../../kernel/base/uuid-v7.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { Statements, Transaction } from '../../kernel/background/effects.ts'
import { cookie, type Cookie, type SetCookie } from '../../kernel/operation/cookie.ts'
import type { Identifier } from '../../kernel/operation/identifier.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import {
  deleteSession,
  deleteSessions,
  insertSession,
  selectSessions,
  type SessionRow,
} from './queries/sessions.ts'
import { sessionIdentifier } from './session-identifier.ts'
import { createToken } from './session-token.ts'

/** Options of {@link sessions}. */
export interface SessionOptions {
  /**
   * The name of the cookie. It begins with `__Host-`, so that no other host of the domain can set
   * it. Default `'__Host-session'`.
   */
  readonly cookie?: `__Host-${string}`
  /** Time without a call after which a session ends. Default `'7d'`. */
  readonly idleAge?: Duration
  /** Time after which a session ends even if it is used. Default `'30d'`, at most 400 days. */
  readonly maxAge?: Duration
  /**
   * Max number of sessions of a user. If a sign-in exceeds it, the oldest session ends. Default
   * 100.
   */
  readonly maxPerUser?: number
  /**
   * Returns the tenant of a user: `caller.tenant` in the calls of their sessions, unless `begin`
   * gets another one. Return the user's id if each user is a tenant. Default: users have no tenant.
   */
  readonly tenantOf?: (user: string) => string
}

/** The user of a new session, and the client that the list of sessions shows. */
export interface NewSession {
  /** The id of the user: `caller.id` in the calls of the session. */
  readonly user: string
  /** The tenant of the user: `caller.tenant`. Default: the one that `tenantOf` returns, or none. */
  readonly tenant?: string | undefined
  /**
   * The id of the session that the new session replaces. Pass the caller's `session` if the user
   * signs in again or gets more rights, so that a previously stolen token is worthless. Default:
   * none.
   */
  readonly replaces?: string | undefined
  /** The address of the client. Default: unknown. */
  readonly address?: string | undefined
  /** The `User-Agent` of the client. Default: unknown. */
  readonly userAgent?: string | undefined
}

/** A session, without its token. */
export interface Session {
  readonly id: string
  readonly user: string
  /** The time at which the user last proved their identity. */
  readonly authenticatedAt: Date
  readonly createdAt: Date
  /** The time of the last use, written about once a minute. */
  readonly seenAt: Date
  /** The time at which the session ends even if it is used. */
  readonly expiresAt: Date
  readonly address: string | undefined
  readonly userAgent: string | undefined
}

/** The sessions of users: an identifier, and the functions that begin and end sessions. */
export interface Sessions extends Identifier {
  /** The cookie with the token. List it in `cookies` of operations that begin or end sessions. */
  readonly cookie: Cookie
  /** Begins a session. Returns the cookie for {@link respond}. */
  begin(transaction: Transaction, session: NewSession): Promise<SetCookie>
  /** Ends one session of a user. Resolves to false if the user has no such session. */
  end(transaction: Transaction, session: { readonly user: string; readonly id: string }): Promise<boolean>
  /** Ends all sessions of a user except one. Resolves to the number of ended sessions. */
  endAll(
    transaction: Transaction,
    sessions: { readonly user: string; readonly except?: string | undefined },
  ): Promise<number>
  /** Returns the sessions of a user, newest first, at most 100. */
  list(statements: Statements, sessions: { readonly user: string }): Promise<readonly Session[]>
}

const maxTextLength = 500

/**
 * Returns an identifier of users by session. A session is a row in the schema `holdfast`, and a
 * cookie with a random token, of which the database stores only the SHA-256.
 *
 * A call with a session costs one round trip, or none if its caller is in the process's cache.
 * The end of a session takes effect in every process within a second.
 *
 * @example
 * ```ts
 * const session = sessions({ idleAge: '1d' })
 * const app = holdfast({ database: postgres(), identify: [session] })
 * ```
 */
export function sessions(options: SessionOptions = {}): Sessions {
  const { maxPerUser = 100, maxAge = '30d' } = options
  const name = options.cookie ?? '__Host-session'
  if (!/^__Host-./.test(name))
    throw configurationInvalid([`the cookie ${JSON.stringify(name)} of sessions must begin with __Host-`])
  if (!Number.isSafeInteger(maxPerUser) || maxPerUser < 1)
    throw configurationInvalid([`maxPerUser of sessions is ${maxPerUser}; set it to a positive integer`])
  const idleMs = toMilliseconds(options.idleAge ?? '7d', { option: 'idleAge of sessions' })
  const absoluteMs = toMilliseconds(maxAge, { option: 'maxAge of sessions', max: '400d' })
  const declared = cookie(name, { maxAge })
  return {
    ...sessionIdentifier({ cookie: name, idleMs }),
    cookie: declared,
    async begin(transaction, { user, tenant, replaces, address, userAgent }) {
      const { token, tokenHash } = createToken()
      await runStatement(
        transaction,
        insertSession({
          id: uuidv7(),
          service: transaction.service,
          tokenHash,
          account: user,
          tenant: tenant ?? options.tenantOf?.(user) ?? null,
          address: address ?? null,
          user_agent: storable(userAgent),
          absoluteMs,
          limit: maxPerUser,
          replaces: replaces ?? null,
        }),
      )
      return declared.set(token)
    },
    async end(transaction, { user, id }) {
      const { text, values = [] } = deleteSession(transaction.service, user, id)
      return (await transaction.query(text, values)).rowCount > 0
    },
    async endAll(transaction, { user, except }) {
      const { text, values = [] } = deleteSessions(transaction.service, user, except ?? null)
      return (await transaction.query(text, values)).rowCount
    },
    async list(statements, { user }) {
      const rows = await runStatement<SessionRow>(
        statements,
        selectSessions(statements.service, user, idleMs),
      )
      return rows.map(toSession)
    },
  }
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    user: row.account,
    authenticatedAt: row.authenticated_at,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    address: row.address ?? undefined,
    userAgent: row.user_agent ?? undefined,
  }
}

/** Returns a client's header in a form that Postgres can store. */
function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll('\0', '').slice(0, maxTextLength).toWellFormed()
}

import { access, type Access } from '../../kernel/operation/access/access.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import type { AccessRequest } from '../../kernel/operation/credentials.ts'
import { Unauthenticated } from '../../kernel/problem/problems.ts'
import type { Passwords } from '../passwords/passwords.ts'
import { isSessionUser, type SessionUser } from '../sessions/session-identifier.ts'

/** The client of a call, as the list of sessions and the limit of attempts need it. */
export interface Client {
  readonly address: string | undefined
  readonly userAgent: string | undefined
}

/** A caller with its client. */
export interface Visitor extends Caller {
  readonly client: Client
}

/**
 * Returns a rule that admits every caller, and adds its client. With `passwords`, it refuses calls
 * while too many passwords wait to be hashed.
 */
export function visitor(reason: string, passwords?: Passwords): Access<Visitor> {
  return {
    name: 'visitor()',
    publicBecause: reason,
    securitySchemes: {},
    authorize: (request) => passwords?.refusal() ?? { ...request.caller, client: clientOf(request) },
  }
}

/** Returns a rule that admits users who call with a session, and adds their client. */
export function sessionVisitor(): Access<SessionUser & Visitor> {
  return access('inSession()', (request) => {
    const { caller } = request
    return isSessionUser(caller) ? { ...caller, client: clientOf(request) } : Unauthenticated()
  })
}

function clientOf({ peer, header }: AccessRequest): Client {
  return { address: peer.address, userAgent: header('user-agent') }
}

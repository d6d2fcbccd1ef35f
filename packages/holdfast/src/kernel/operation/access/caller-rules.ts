import type { Access } from './access.ts'
import { type Duration, toMilliseconds } from '../../base/duration.ts'
import type { Caller, IdentifiedCaller, ServiceCaller, User } from '../caller.ts'
import type { AccessRequest } from '../credentials.ts'
import type { ProblemError } from '../../problem/problem.ts'
import {
  Forbidden,
  InsufficientScope,
  RecentSignInRequired,
  Unauthenticated,
} from '../../problem/problems.ts'

/*
 * The rules that depend only on the caller. They never wait. A caller without an identity gets a
 * 401, since signing in may help. A caller with an identity gets a 403.
 */

/**
 * Returns a rule that admits signed-in people: callers of kind `'user'` with an id.
 *
 * @example
 * ```ts
 * query({
 *   route: 'GET /profile',
 *   access: signedIn(),
 *   output: z.object({ id: z.string() }),
 *   run: ({ caller }) => ({ id: caller.id }),
 * })
 * ```
 */
export function signedIn(): Access<User> {
  return {
    name: 'signedIn()',
    admits: { kinds: ['user'], always: true },
    authorize: ({ caller }) => admitUser(caller),
  }
}

/**
 * Returns a rule that admits services: callers of kind `'service'` with an id.
 *
 * @param ids the services to admit. Default: every service.
 *
 * @example
 * ```ts
 * query({ route: 'GET /invoices/total', access: service('billing'), run: () => {} })
 * ```
 */
export function service(...ids: readonly string[]): Access<ServiceCaller> {
  return {
    name: `service(${quotedList(ids)})`,
    admits: { kinds: ['service'], always: ids.length === 0 },
    authorize({ caller }) {
      if (!isService(caller)) return refusalOf(caller, 'The operation is only for services.')
      if (ids.length === 0 || ids.includes(caller.id)) return caller
      return Forbidden({ detail: `The operation is not for the service ${JSON.stringify(caller.id)}.` })
    },
  }
}

/**
 * Returns a rule that admits callers whose credentials grant all of these scopes. A caller without
 * one of them gets 403 `insufficient-scope`, which lists the required scopes.
 *
 * @param scopes the scopes, all of which a caller needs.
 *
 * @example
 * ```ts
 * query({ route: 'GET /orders', access: hasScope('orders:read'), run: () => {} })
 * ```
 */
export function hasScope(...scopes: readonly [string, ...string[]]): Access<ScopedCaller> {
  return {
    name: `hasScope(${quotedList(scopes)})`,
    admits: { kinds: ['user', 'service'], always: false },
    scopes,
    problems: [InsufficientScope],
    authorize({ caller }) {
      if (caller.kind === 'anonymous') return Unauthenticated()
      return isScoped(caller, scopes) ? caller : InsufficientScope({ scopes })
    },
  }
}

/** Returns the rule that admits callers with an identity, whatever their kind. */
export function identified(): Access<IdentifiedCaller> {
  return {
    name: 'identified()',
    admits: { kinds: ['user', 'service'], always: true },
    authorize: ({ caller }) => (isIdentified(caller) ? caller : Unauthenticated()),
  }
}

/** A caller whose credentials grant scopes. */
export interface ScopedCaller extends Caller {
  readonly scopes: readonly string[]
}

/**
 * Returns a rule for sensitive operations: it admits people who have proved their identity within
 * the last `age`. Others get 401 `recent-sign-in-required`, and have to sign in again.
 *
 * @param age max time since `authenticatedAt` of the caller.
 * @throws HoldfastError `duration-invalid` if `age` is not a duration.
 *
 * @example
 * ```ts
 * query({ route: 'GET /recovery-codes', access: recentlySignedIn('10m'), run: () => {} })
 * ```
 */
export function recentlySignedIn(age: Duration): Access<RecentUser> {
  const maxAgeMs = toMilliseconds(age, { option: 'age' })
  const maxAgeSeconds = Math.floor(maxAgeMs / 1_000)
  return {
    name: `recentlySignedIn('${age}')`,
    admits: { kinds: ['user'], always: false },
    problems: [RecentSignInRequired],
    authorize({ caller, clock }: AccessRequest) {
      if (!isUser(caller)) return admitUser(caller) as ProblemError
      const isRecent = hasTime(caller) && clock.now() - caller.authenticatedAt.getTime() <= maxAgeMs
      return isRecent ? caller : RecentSignInRequired({ maxAgeSeconds })
    },
  }
}

/** A signed-in person, with the time at which they last proved their identity. */
export interface RecentUser extends User {
  readonly authenticatedAt: Date
}

function admitUser(caller: Caller): User | ProblemError {
  return isUser(caller) ? caller : refusalOf(caller, 'The operation is only for signed-in users.')
}

function refusalOf({ kind }: Caller, detail: string): ProblemError {
  return kind === 'anonymous' ? Unauthenticated() : Forbidden({ detail })
}

function isIdentified(caller: Caller): caller is IdentifiedCaller {
  return caller.kind !== 'anonymous' && caller.id !== undefined
}

function isUser(caller: Caller): caller is User {
  return caller.kind === 'user' && caller.id !== undefined
}

function isService(caller: Caller): caller is ServiceCaller {
  return caller.kind === 'service' && caller.id !== undefined
}

function isScoped(caller: Caller, scopes: readonly string[]): caller is ScopedCaller {
  const { scopes: granted } = caller
  return granted !== undefined && scopes.every((scope) => granted.includes(scope))
}

function hasTime(caller: User): caller is RecentUser {
  return caller.authenticatedAt !== undefined
}

function quotedList(texts: readonly string[]): string {
  return texts.map((text) => `'${text}'`).join(', ')
}

/**
 * The caller of an operation. Access rules narrow its type: with `signedIn()`, `caller` is a user.
 */
export interface Caller {
  /** The kind of caller: `'anonymous'`, `'user'`, `'service'`, … */
  readonly kind: string
  /** The id of the caller, unique within its kind and tenant; absent if unknown. */
  readonly id?: string
  /** The tenant whose data the call works on; absent if there are no tenants. */
  readonly tenant?: string
  /**
   * The scopes that the credentials grant: `'orders:write'`. `hasScope` reads them. Absent: none.
   * They have an effect only in operations with `hasScope`.
   */
  readonly scopes?: readonly string[]
  /**
   * The time at which the person last proved their identity, with a password or a passkey.
   * `recentlySignedIn` reads it. Absent: unknown, so `recentlySignedIn` rejects the caller.
   */
  readonly authenticatedAt?: Date
}

/** A caller with an identity. */
export interface IdentifiedCaller extends Caller {
  readonly id: string
}

/** A signed-in person. */
export interface User extends Caller {
  readonly kind: 'user'
  readonly id: string
}

/** A program that calls on its own behalf, such as another service. */
export interface ServiceCaller extends Caller {
  readonly kind: 'service'
  readonly id: string
}

/** A caller without an identity. */
export interface Anonymous extends Caller {
  readonly kind: 'anonymous'
}

/** The caller of a call without an identity. */
export const anonymous: Anonymous = Object.freeze({ kind: 'anonymous' })

/**
 * Returns the scope of a caller's private records, such as idempotency keys. All calls of a caller
 * in a tenant have the same scope. No other caller has this scope, regardless of the characters in
 * the names.
 */
export function scopeOf(caller: Caller): string {
  const isNobody = caller.kind === 'anonymous' && caller.tenant === undefined && caller.id === undefined
  return isNobody ? '' : JSON.stringify([caller.tenant ?? null, caller.kind, caller.id ?? null])
}

/**
 * Returns the subject of a caller: `kind:id`, or `tenant:kind:id`; `undefined` for a caller without
 * an id. In the parts, `%` and `:` are written as `%25` and `%3A`, so that different callers never
 * have the same subject.
 *
 * @example
 * ```ts
 * callerSubject({ kind: 'user', id: '42' }) // 'user:42'
 * callerSubject({ kind: 'user', id: '42', tenant: 'acme' }) // 'acme:user:42'
 * ```
 */
export function callerSubject({ kind, id, tenant }: Caller): string | undefined {
  if (id === undefined) return undefined
  const own = `${escaped(kind)}:${escaped(id)}`
  return tenant === undefined ? own : `${escaped(tenant)}:${own}`
}

function escaped(part: string): string {
  return part.replaceAll('%', '%25').replaceAll(':', '%3A')
}

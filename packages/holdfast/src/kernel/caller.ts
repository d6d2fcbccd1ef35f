/** Who makes a call. Access rules narrow it: behind `signedIn()` a handler's `caller` is a user, not just anyone. */
export interface Caller {
  /** What sort of caller this is: `'anonymous'`, `'user'`, `'service'`, … */
  readonly kind: string
  /** Who, unique within the kind and tenant; absent when nobody is known. */
  readonly id?: string
  /** The tenant on whose data the call works; absent where there are none. */
  readonly tenant?: string
}

/** A caller of whom nothing is known. */
export interface Anonymous extends Caller {
  readonly kind: 'anonymous'
}

/** The caller of every call that nothing identifies. */
export const anonymous: Anonymous = Object.freeze({ kind: 'anonymous' })

/**
 * The name under which a caller's private records are kept, such as idempotency keys: equal for the same principal of the
 * same tenant, different for any other. Unambiguous whatever the parts contain.
 */
export function scopeOf(caller: Caller): string {
  const isNobody = caller.kind === 'anonymous' && caller.tenant === undefined && caller.id === undefined
  return isNobody ? '' : JSON.stringify([caller.tenant ?? null, caller.kind, caller.id ?? null])
}

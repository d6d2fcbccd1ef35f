import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import type { Credentials } from '../../kernel/operation/credentials.ts'
import type { Identifier } from '../../kernel/operation/identifier.ts'
import type { SecuritySchemes } from '../../kernel/operation/security-scheme.ts'
import { IdentityCache } from './identity-cache.ts'

/** The parts of a call that a look-up receives, without the request. */
export type LookupContext<Db = unknown, Values = unknown> = Omit<
  Credentials<Db, Values>,
  'header' | 'cookies' | 'peer'
>

/** Options of {@link cachedIdentifier}. */
export interface CachedIdentifierOptions<Db = unknown, Values = unknown> {
  /** The name in errors and traces: `'session'`, `'api-key'`. Unique in a list of identifiers. */
  readonly name: string
  /**
   * The credentials that the identifier reads, for the OpenAPI document and for the
   * `WWW-Authenticate` of a 401.
   */
  readonly securitySchemes: SecuritySchemes
  /**
   * Returns the credentials of a call, such as a session token; `undefined` if the request has none
   * of this kind. Runs for every call, and must not wait. Calls with the same key have the same
   * caller, so a key includes everything that the caller depends on, such as the thumbprint of a
   * bound token. The cache stores only a hash of it.
   */
  readonly key: (credentials: Credentials<Db, Values>) => string | undefined
  /**
   * Returns the caller with these credentials. Throws `Unauthenticated` for invalid credentials.
   * Runs if the cache has no caller for the key. Calls that arrive meanwhile with the same key wait
   * for the same look-up, so its result must depend only on the key, and not on the call.
   */
  readonly load: (
    key: string,
    context: LookupContext<Db, Values>,
  ) => Caller | undefined | Promise<Caller | undefined>
  /**
   * Max number of callers in the cache of a process. Beyond it, the least recently used caller is
   * removed. Default: 10,000. Raise it if more callers than that are active within a second.
   */
  readonly maxEntries?: number
}

/**
 * Returns an identifier that caches each caller for one second, from the start of its look-up. A
 * call with a cached caller runs no statement. A revocation takes effect in every process within a
 * second, without a notification. Only callers are cached, not errors or `undefined`.
 *
 * @throws HoldfastError `configuration-invalid` if `maxEntries` is not a positive integer.
 *
 * @example
 * ```ts
 * import type { SqlDatabase } from 'holdfast/postgres'
 *
 * const sessions = cachedIdentifier<SqlDatabase>({
 *   name: 'session',
 *   securitySchemes: { session: { in: 'cookie', name: '__Host-session' } },
 *   key: ({ cookies }) => cookies.get('__Host-session'),
 *   async load(token, { db }) {
 *     const [session] = await db.query<{ account: string }>(
 *       sql`select account from sessions where token = ${token}`,
 *     )
 *     if (!session) throw Unauthenticated({ detail: 'The session has ended.' })
 *     return { kind: 'user', id: session.account }
 *   },
 * })
 * ```
 */
export function cachedIdentifier<Db = unknown, Values = unknown>(
  options: CachedIdentifierOptions<Db, Values>,
): Identifier<Db, Values> {
  const { name, securitySchemes, key, load, maxEntries = 10_000 } = options
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1)
    throw configurationInvalid([
      `maxEntries of the identifier "${name}" is ${maxEntries}; set it to a positive integer`,
    ])
  const forService = (): Identifier<Db, Values> => {
    const cache = new IdentityCache({ name, load, maxEntries })
    return {
      name,
      securitySchemes,
      identify(credentials) {
        const found = key(credentials)
        return found === undefined ? undefined : cache.find(found, credentials)
      },
      forService,
    }
  }
  return forService()
}

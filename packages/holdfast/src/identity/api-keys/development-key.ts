import { createHash, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { readMode, type ServiceHost } from '../../kernel/host/service-host.ts'
import type { Identifier, IdentifierHost } from '../../kernel/operation/identifier.ts'
import { Unauthenticated } from '../../kernel/problem/problems.ts'
import { keepSecret } from '../../platform/secret-keys/keep-secret.ts'
import { bearerToken } from './bearer-token.ts'
import type { ApiKeyCaller } from './api-key.ts'
import { createKeyText } from './api-key-text.ts'
import { isDevelopmentKey, prefix, validKey, variable } from './development-key-settings.ts'

/*
 * The development key: a bearer token for engineers who run a service on their own machine. It is
 * not in the database, so it survives a new database, and it has a prefix of its own, so that no
 * other identifier reads it.
 *
 * Invariants:
 * - In production, no token is accepted, and a service for which HOLDFAST_DEV_KEY is set does not
 *   start.
 * - In tests, only the value of HOLDFAST_DEV_KEY is accepted.
 */

const scheme = { scheme: 'bearer', description: 'The development key.' } as const

/**
 * Returns an identifier that accepts the development key, in development and in tests. In
 * production it accepts nothing.
 *
 * @param caller the caller that the key identifies. A caller of kind `'user'` has always signed in
 *   a moment ago.
 *
 * @throws HoldfastError `configuration-invalid` when a service starts, if `HOLDFAST_DEV_KEY` is
 *   invalid, or set in production.
 *
 * @example
 * ```ts
 * const app = holdfast({
 *   database: postgres(),
 *   identify: [apiKeys(), developmentKey({ kind: 'user', id: 'developer' })],
 * })
 * ```
 */
export function developmentKey(caller: ApiKeyCaller): Identifier {
  const forService = ({ env, mode }: Pick<IdentifierHost, 'env' | 'mode'>): Identifier => {
    let hash: Buffer | undefined
    const known = (): Buffer | undefined => (hash ??= hashIfKnown(readDevelopmentKey(env, mode)))
    if (mode === 'production' || env[variable] !== undefined) known()
    return {
      name: 'development-key',
      // The API description of production does not mention the key.
      securitySchemes: mode === 'production' ? {} : { developmentKey: scheme },
      identify({ header, clock }) {
        const token = bearerToken(header)
        if (token?.startsWith(`${prefix}_`) !== true) return undefined
        const expected = known()
        if (!expected || !timingSafeEqual(hashOf(token), expected))
          throw Unauthenticated({ detail: 'The development key is not the one of this service.' })
        return caller.kind === 'user' ? { ...caller, authenticatedAt: new Date(clock.now()) } : caller
      },
      forService,
    }
  }
  return forService({ env: {}, mode: 'test' })
}

/**
 * Returns the development key: the value of `HOLDFAST_DEV_KEY`, or, in development, a key that is
 * created once and kept in `.holdfast/development-key`. `undefined` in production, and in tests
 * without the variable.
 *
 * @throws HoldfastError `configuration-invalid` if `HOLDFAST_DEV_KEY` is invalid, or set in
 *   production.
 *
 * @example
 * ```ts
 * const key = readDevelopmentKey(process.env)
 * if (key !== undefined) console.error(`Authorization: Bearer ${key}`)
 * ```
 */
export function readDevelopmentKey(
  env: ServiceHost['env'],
  mode: ServiceHost['mode'] = readMode(env),
): string | undefined {
  const given = env[variable]
  if (given !== undefined) return requireKey(given, mode)
  if (mode !== 'development') return undefined
  return keepSecret(join('.holdfast', 'development-key'), () => createKeyText(prefix)).text
}

function requireKey(given: string, mode: ServiceHost['mode']): string {
  if (mode === 'production')
    throw configurationInvalid([`${variable} is set in production. Remove it, and create an API key.`])
  if (isDevelopmentKey(given)) return given
  throw configurationInvalid([
    `${variable} is invalid (value hidden, because it is a secret). It must contain ${validKey}. Create a key: echo ${prefix}_$(openssl rand -hex 16)`,
  ])
}

function hashIfKnown(key: string | undefined): Buffer | undefined {
  return key === undefined ? undefined : hashOf(key)
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

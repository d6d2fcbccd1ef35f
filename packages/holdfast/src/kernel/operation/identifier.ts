import type { Caller } from './caller.ts'
import type { Credentials } from './credentials.ts'
import type { ServiceHost } from '../host/service-host.ts'
import type { SecuritySchemes } from './security-scheme.ts'

/**
 * Identifies the caller of a call; returns `undefined` for an anonymous caller. Throws
 * `Unauthenticated` to reject invalid credentials.
 */
export type Identify<Db = unknown, Values = unknown> = (
  credentials: Credentials<Db, Values>,
) => Caller | undefined | Promise<Caller | undefined>

/**
 * One way to authenticate: a session cookie, a bearer token, an API key. An application has a list
 * of identifiers, which are tried in order until one of them returns a caller.
 *
 * @example
 * ```ts
 * const apiKeys: Identifier = {
 *   name: 'api-key',
 *   securitySchemes: { apiKey: { in: 'header', name: 'X-Api-Key' } },
 *   identify({ header }) {
 *     const key = header('x-api-key')
 *     if (key === undefined) return undefined
 *     if (key !== 'example') throw Unauthenticated({ detail: 'The API key is unknown.' })
 *     return { kind: 'service', id: 'example' }
 *   },
 * }
 * const app = holdfast({ database: postgres(), identify: [apiKeys] })
 * ```
 */
export interface Identifier<Db = unknown, Values = unknown> {
  /** The name in errors and traces: `'session'`, `'bearer'`, `'api-key'`. Unique in a list. */
  readonly name: string
  /**
   * The credentials that the identifier reads, for the OpenAPI document and for the
   * `WWW-Authenticate` of a 401.
   */
  readonly securitySchemes: SecuritySchemes
  /**
   * Returns the caller, or `undefined` if the request has no credentials of this kind. Then the
   * next identifier is tried.
   *
   * Throws `Unauthenticated` for invalid credentials of this kind. The call then gets a 401, and no
   * other identifier is tried. An invalid cookie does not end the search, because browsers send
   * cookies without being asked to: the next identifiers are tried, and if they find no caller, the
   * caller is anonymous. If the access rule then requires a caller, the problem is the answer.
   */
  identify(credentials: Credentials<Db, Values>): Caller | undefined | Promise<Caller | undefined>
  /**
   * Returns the identifier of one running service. Called when a service starts. Define it if the
   * identifier keeps state, such as a cache: two services, or two starts of one service, can have
   * different databases. If it throws, for example because a setting is invalid, the start fails.
   * Default: all services use the same identifier.
   */
  forService?(host: IdentifierHost<Values>): Identifier<Db, Values>
}

/** The service of an identifier. */
export interface IdentifierHost<Values = unknown> extends Pick<ServiceHost, 'env' | 'mode'> {
  readonly hasDatabase: boolean
  /** The values of the settings declared in `holdfast({ settings })`. */
  readonly settings: Values
}

/** The option `identify` of an application. */
export type IdentifyOption<Db, Values> =
  | Identify<Db, Values>
  | Identifier<Db, Values>
  | readonly Identifier<Db, Values>[]

/** The name of the identifier if an application passes a function. */
const functionName = 'identify'

/**
 * Returns the option `identify` as a list.
 *
 * @param securitySchemes the schemes of a function, which cannot declare its own.
 */
export function toIdentifiers(
  option: IdentifyOption<never, never> | undefined,
  securitySchemes: SecuritySchemes,
): readonly Identifier[] {
  if (option === undefined) return []
  if (typeof option === 'function')
    return [{ name: functionName, securitySchemes, identify: option as Identify }]
  return (Array.isArray(option) ? option : [option]) as readonly Identifier[]
}

/** Returns the identifiers of one running service. */
export function identifiersForService(
  identifiers: readonly Identifier[],
  host: IdentifierHost,
): readonly Identifier[] {
  return identifiers.map((identifier) => identifier.forService?.(host) ?? identifier)
}

/** Returns the schemes of several identifiers. A caller needs one of the schemes. */
export function schemesOf(identifiers: readonly Identifier[]): SecuritySchemes {
  return Object.assign({}, ...identifiers.map(({ securitySchemes }) => securitySchemes)) as SecuritySchemes
}

/** Returns true if an identifier reads only cookies. */
export function readsCookies({ securitySchemes }: Identifier): boolean {
  const schemes = Object.values(securitySchemes)
  return schemes.length > 0 && schemes.every((scheme) => 'in' in scheme && scheme.in === 'cookie')
}

/** Returns the issues in a list of identifiers. */
export function findIdentifierIssues(identifiers: readonly Identifier[]): readonly string[] {
  const issues: string[] = []
  const known = new Map<string, string>()
  for (const [index, { name, securitySchemes }] of identifiers.entries()) {
    if (identifiers.findIndex((other) => other.name === name) !== index)
      issues.push(`two identifiers have the name "${name}"; rename one of them`)
    for (const [scheme, definition] of Object.entries(securitySchemes)) {
      const text = JSON.stringify(definition)
      if ((known.get(scheme) ?? text) !== text)
        issues.push(`two identifiers define the security scheme "${scheme}" differently; rename one of them`)
      known.set(scheme, text)
    }
  }
  return issues
}

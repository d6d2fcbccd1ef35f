import type { Access } from '../kernel/access.ts'
import {
  defaultSecuritySchemes,
  securityRequirementsOf,
  type SecurityRule,
  type SecurityScheme,
  type SecuritySchemes,
} from '../kernel/security-scheme.ts'
import type { HttpRequest } from './http-request.ts'

/** Returns the value of `WWW-Authenticate` for a request that is answered 401. */
export type Challenge = (header: HttpRequest['header']) => string

/** The schemes of a service, and the name under which browsers and people know what they protect. */
export interface Challenging {
  readonly name: string
  readonly securitySchemes: SecuritySchemes
}

/**
 * Creates the challenge of an operation (RFC 9110 section 11.6.1): one for each security scheme of its access rule, else of the
 * service, else for a bearer token, since every 401 has to have one. Credentials that are not in `Authorization` have no
 * registered scheme: a cookie is asked for with `Cookie`, anything else with `ApiKey`, which clients that do not know them ignore.
 */
export function createChallenge(access: Access, { name, securitySchemes }: Challenging): Challenge {
  const rules: readonly SecurityRule[] = [
    access,
    { securitySchemes },
    { securitySchemes: defaultSecuritySchemes },
  ]
  const schemes =
    rules.map((rule) => schemesOf(rule, securitySchemes)).find((found) => found.length > 0) ?? []
  const plain = schemes.map((scheme) => challengeOf(scheme, name)).join(', ')
  const isBearer = (scheme: SecurityScheme): boolean =>
    'scheme' in scheme && scheme.scheme.toLowerCase() === 'bearer'
  if (!schemes.some(isBearer)) return () => plain
  const refused = schemes
    .map((scheme) => challengeOf(scheme, name) + (isBearer(scheme) ? ', error="invalid_token"' : ''))
    .join(', ')
  // RFC 6750 section 3.1: a request without a token learns no more than that it needs one.
  return (header) => (/^bearer /i.test(header('authorization') ?? '') ? refused : plain)
}

/** Reports if a rule admits callers without credentials, and without any other alternative. */
export function isPublic(access: Access, ofService: SecuritySchemes): boolean {
  return schemesOf(access, ofService).length === 0
}

function schemesOf(rule: SecurityRule, ofService: SecuritySchemes): readonly SecurityScheme[] {
  const found = new Map<string, SecurityScheme>()
  securityRequirementsOf(rule, ofService, (name, scheme) => {
    found.set(JSON.stringify(scheme), scheme)
    return name
  })
  return [...found.values()]
}

function challengeOf(scheme: SecurityScheme, service: string): string {
  const realm = `realm=${quoted(service)}`
  if (!('scheme' in scheme)) {
    return scheme.in === 'cookie'
      ? `Cookie ${realm}, cookie-name=${quoted(scheme.name)}`
      : `ApiKey ${realm}, in="${scheme.in}", name=${quoted(scheme.name)}`
  }
  const word = scheme.scheme.charAt(0).toUpperCase() + scheme.scheme.slice(1)
  // RFC 7617 section 2.1: else a browser sends characters outside of ASCII in an encoding of its own.
  return word.toLowerCase() === 'basic' ? `${word} ${realm}, charset="UTF-8"` : `${word} ${realm}`
}

/** Returns a text as a quoted string (RFC 9110 section 5.6.4), without the characters that none may have. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^\t\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

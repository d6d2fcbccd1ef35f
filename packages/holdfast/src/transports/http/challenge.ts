import type { Answer } from '../../kernel/operation/answer.ts'
import type { BearerError } from '../../kernel/operation/bearer-error.ts'
import type { AnyAccess } from '../../kernel/operation/access/access.ts'
import {
  defaultSecuritySchemes,
  securityRequirementsOf,
  type SecurityRule,
  type SecurityScheme,
  type SecuritySchemes,
} from '../../kernel/operation/security-scheme.ts'
import type { HttpRequest } from './request/http-request.ts'

/** Returns the value of `WWW-Authenticate` for an answer; empty if it has no challenge. */
export type Challenge = (answer: Answer, header: HttpRequest['header']) => string

/** The security schemes of a service, and its name as the realm, which browsers show. */
export interface Challenging {
  readonly name: string
  readonly securitySchemes: SecuritySchemes
}

/**
 * Creates the challenge of an operation (RFC 9110 section 11.6.1). If an identifier has rejected
 * the credentials of the request, the challenge names its schemes. Otherwise the challenge names
 * each security scheme of the operation's access rule. If the rule has no schemes, the challenge
 * names the schemes of the service. If the service has no schemes either, the challenge asks for a
 * bearer token, because every 401 requires a challenge. Credentials outside `Authorization` have no
 * registered scheme: the challenge is `Cookie` for a cookie and `ApiKey` for others. Clients ignore
 * schemes that they do not know. A 403 has a challenge only if a different bearer token would help.
 */
export function createChallenge(access: AnyAccess, { name, securitySchemes }: Challenging): Challenge {
  const rules: readonly SecurityRule[] = [
    access,
    { securitySchemes },
    { securitySchemes: defaultSecuritySchemes },
  ]
  const schemes =
    rules.map((rule) => challengedOf(rule, securitySchemes)).find((found) => found.length > 0) ?? []
  const missing = listOf(schemes, name)
  const invalid = listOf(schemes, name, invalidToken)
  return ({ status, refusedSchemes: refused, bearerError }, header) => {
    // The response to a request without a token contains no error code (RFC 6750 section 3.1).
    const hasToken = /^bearer /i.test(header('authorization') ?? '')
    if (status !== 401) {
      return bearerError && hasToken ? listOf(schemes.filter(isBearer), name, bearerError) : ''
    }
    if (refused)
      return listOf(Object.values(refused).filter(isChallenged), name, hasToken ? invalidToken : undefined)
    if (!hasToken) return missing
    return bearerError ? listOf(schemes, name, bearerError) : invalid
  }
}

const invalidToken: BearerError = { error: 'invalid_token' }

/**
 * Returns the challenges for schemes, each once: API keys and tokens are both bearer tokens.
 * `error` is added to the challenges for bearer tokens.
 */
function listOf(schemes: readonly ChallengedScheme[], service: string, error?: BearerError): string {
  const parameters = Object.entries(error ?? {}).map(([name, value]) => `, ${name}=${quoted(value)}`)
  const challenges = schemes.map(
    (scheme) => challengeOf(scheme, service) + (isBearer(scheme) ? parameters.join('') : ''),
  )
  return [...new Set(challenges)].join(', ')
}

function isBearer(scheme: SecurityScheme): boolean {
  return 'scheme' in scheme && scheme.scheme.toLowerCase() === 'bearer'
}

/** Returns the schemes of a rule that can be in a challenge. */
function challengedOf(rule: SecurityRule, ofService: SecuritySchemes): readonly ChallengedScheme[] {
  return schemesOf(rule, ofService).filter(isChallenged)
}

type ChallengedScheme = Exclude<SecurityScheme, { readonly type: 'mutualTLS' }>

/** A client certificate is requested by TLS, not by a challenge. */
function isChallenged(scheme: SecurityScheme): scheme is ChallengedScheme {
  return !('type' in scheme)
}

/**
 * Returns true if a rule admits callers without credentials and has no alternative that needs
 * credentials.
 */
export function isPublic(access: AnyAccess, ofService: SecuritySchemes): boolean {
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

/** The names of schemes that do not begin with their only capital letter. */
const schemeNames: Readonly<Record<string, string>> = { dpop: 'DPoP' }

function challengeOf(scheme: ChallengedScheme, service: string): string {
  const realm = `realm=${quoted(service)}`
  if (!('scheme' in scheme)) {
    return scheme.in === 'cookie'
      ? `Cookie ${realm}, cookie-name=${quoted(scheme.name)}`
      : `ApiKey ${realm}, in="${scheme.in}", name=${quoted(scheme.name)}`
  }
  const word = schemeNames[scheme.scheme] ?? scheme.scheme.charAt(0).toUpperCase() + scheme.scheme.slice(1)
  // Without the charset, the encoding of non-ASCII characters depends on the browser (RFC 7617
  // section 2.1).
  return word.toLowerCase() === 'basic' ? `${word} ${realm}, charset="UTF-8"` : `${word} ${realm}`
}

/**
 * Returns a text as a quoted string (RFC 9110 section 5.6.4), after removing the characters that a
 * quoted string must not contain.
 */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^\t\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

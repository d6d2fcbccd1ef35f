/*
 * The authentication methods of callers, for the API description. A service declares its security
 * schemes, and an access rule may replace them. The OpenAPI document of the service lists the
 * schemes that each operation needs. This is documentation only: `identify` and access rules
 * authenticate the request.
 */

/** A method to authenticate callers: a security scheme of OpenAPI 3.1. */
export type SecurityScheme = HttpSecurityScheme | KeySecurityScheme | CertificateSecurityScheme

/** A client certificate of the TLS connection. */
export interface CertificateSecurityScheme {
  readonly type: 'mutualTLS'
  /** Instructions for obtaining a certificate, in Markdown. */
  readonly description?: string
}

/** Credentials in the `Authorization` header (RFC 9110 section 11.6.2). */
export interface HttpSecurityScheme {
  /** The authentication scheme, as registered with IANA: `bearer`, `basic`. */
  readonly scheme: string
  /** Instructions for obtaining credentials, in Markdown. */
  readonly description?: string
}

/** Credentials in a separate header, cookie or query parameter. */
export interface KeySecurityScheme {
  readonly in: 'header' | 'cookie' | 'query'
  /** The name of the header, cookie or query parameter: `X-Api-Key`. */
  readonly name: string
  /** Instructions for obtaining credentials, in Markdown. */
  readonly description?: string
}

/** Security schemes by their names in the document. A caller needs one of the schemes. */
export type SecuritySchemes = Readonly<Record<string, SecurityScheme>>

/** The security schemes of a service that declares none: a token in `Authorization: Bearer …`. */
export const defaultSecuritySchemes: SecuritySchemes = { bearer: { scheme: 'bearer' } }

/** The part of an access rule that states which security schemes it needs. */
export interface SecurityRule {
  /**
   * The security schemes of the rule, which replace the service's; `{}` for a rule that admits
   * every caller. Default: the service's schemes.
   */
  readonly securitySchemes?: SecuritySchemes
  /** The scopes that the credentials have to grant together. Default: none. */
  readonly scopes?: readonly string[]
  /**
   * The rules that this rule combines. `need`: `'all'` if a caller needs the schemes of all of
   * these rules, `'one'` if those of one rule are enough.
   */
  readonly combines?: { readonly need: 'all' | 'one'; readonly rules: readonly SecurityRule[] }
}

/** The security schemes that a request needs together, and the scopes of its credentials. */
export interface SecurityRequirement {
  /** The names of the schemes; empty for a request that needs no credentials. */
  readonly schemes: readonly string[]
  readonly scopes: readonly string[]
}

const nothing: SecurityRequirement = { schemes: [], scopes: [] }

/**
 * Returns the alternative requirements of a rule; a request must meet one of them. A rule that
 * admits every caller has one alternative without schemes.
 *
 * @param ofService the schemes for a rule that declares none.
 * @param nameOf returns the name of a scheme in the document.
 */
export function securityRequirementsOf(
  { securitySchemes, scopes = [], combines }: SecurityRule,
  ofService: SecuritySchemes,
  nameOf: (name: string, scheme: SecurityScheme) => string,
): readonly SecurityRequirement[] {
  if (combines) {
    const each = combines.rules.map((rule) => securityRequirementsOf(rule, ofService, nameOf))
    return combines.need === 'one' ? each.flat() : each.reduce(combine, [nothing])
  }
  const schemes = Object.entries(securitySchemes ?? ofService)
  if (schemes.length === 0) return [nothing]
  return schemes.map(([name, scheme]) => ({ schemes: [nameOf(name, scheme)], scopes }))
}

function combine(
  one: readonly SecurityRequirement[],
  other: readonly SecurityRequirement[],
): readonly SecurityRequirement[] {
  return one.flatMap((needs) =>
    other.map((more) => ({
      schemes: [...new Set([...needs.schemes, ...more.schemes])],
      scopes: [...new Set([...needs.scopes, ...more.scopes])],
    })),
  )
}

// The names that OpenAPI allows for components.
const nameForm = /^[A-Za-z0-9._-]+$/

/** Returns the issues in the names of security schemes. */
export function findSecurityIssues(schemes: SecuritySchemes): readonly string[] {
  return Object.keys(schemes)
    .filter((name) => !nameForm.test(name))
    .map(
      (name) =>
        `its security scheme "${name}" has an invalid name; use only letters, digits, ".", "_" and "-"`,
    )
}

/*
 * How callers prove who they are, for the description of the API. A service declares its security schemes, an access rule may
 * declare others, and the document of the service says of each operation which of them it needs. Nothing here is checked when a
 * call arrives: `identify` and access rules read the request.
 */

/** A way in which a caller proves who it is: a security scheme of OpenAPI 3.1. */
export type SecurityScheme = HttpSecurityScheme | KeySecurityScheme

/** Credentials in the `Authorization` header (RFC 9110 section 11.6.2). */
export interface HttpSecurityScheme {
  /** The authentication scheme, as registered with IANA: `bearer`, `basic`. */
  readonly scheme: string
  /** How a caller gets its credentials, in Markdown. */
  readonly description?: string
}

/** Credentials in a header, cookie or query parameter of their own. */
export interface KeySecurityScheme {
  readonly in: 'header' | 'cookie' | 'query'
  /** The name of the header, cookie or query parameter: `X-Api-Key`. */
  readonly name: string
  /** How a caller gets its credentials, in Markdown. */
  readonly description?: string
}

/** Security schemes by their names in the document. A caller needs one of them. */
export type SecuritySchemes = Readonly<Record<string, SecurityScheme>>

/** The security schemes of a service that declares none: a token in `Authorization: Bearer …`. */
export const defaultSecuritySchemes: SecuritySchemes = { bearer: { scheme: 'bearer' } }

/** The part of an access rule that says which security schemes it needs. */
export interface SecurityRule {
  /** Its own schemes, in place of the service's; `{}` for a rule that admits everyone. */
  readonly securitySchemes?: SecuritySchemes
  /** The rules that it combines: a caller needs the schemes of all of them, or of one. */
  readonly combines?: { readonly need: 'all' | 'one'; readonly rules: readonly SecurityRule[] }
}

/** The names of security schemes that a request needs together; none for a request that needs no credentials. */
export type SecurityRequirement = readonly string[]

/**
 * Returns the alternatives of a rule: a request needs one of these requirements. `[[]]` for a rule that admits everyone.
 *
 * @param ofService the schemes of a rule that has none of its own.
 * @param nameOf returns the name of a scheme in the document.
 */
export function securityRequirementsOf(
  { securitySchemes, combines }: SecurityRule,
  ofService: SecuritySchemes,
  nameOf: (name: string, scheme: SecurityScheme) => string,
): readonly SecurityRequirement[] {
  if (combines) {
    const each = combines.rules.map((rule) => securityRequirementsOf(rule, ofService, nameOf))
    return combines.need === 'one' ? each.flat() : each.reduce(combine, [[]])
  }
  const schemes = Object.entries(securitySchemes ?? ofService)
  return schemes.length === 0 ? [[]] : schemes.map(([name, scheme]) => [nameOf(name, scheme)])
}

function combine(
  one: readonly SecurityRequirement[],
  other: readonly SecurityRequirement[],
): readonly SecurityRequirement[] {
  return one.flatMap((names) => other.map((more) => [...new Set([...names, ...more])]))
}

// What OpenAPI admits as the name of a component.
const nameForm = /^[A-Za-z0-9._-]+$/

/** Returns what is wrong with the names of security schemes. */
export function findSecurityIssues(schemes: SecuritySchemes): readonly string[] {
  return Object.keys(schemes)
    .filter((name) => !nameForm.test(name))
    .map(
      (name) =>
        `its security scheme "${name}" has a name of other characters than letters, digits, ".", "_" and "-"`,
    )
}

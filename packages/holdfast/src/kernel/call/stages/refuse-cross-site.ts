import type { Call, Stage } from '../call.ts'
import type { CompiledOperation } from '../../operation/compile.ts'
import { CrossSiteRequest } from '../../problem/problems.ts'
import type { Identifier } from '../../operation/identifier.ts'
import type { SecurityRule, SecurityScheme } from '../../operation/security-scheme.ts'

/*
 * Cross-site request forgery (CSRF): a page on another site makes a browser send a request, and the
 * browser adds the cookies of the attacked service to it. No page can set these two headers:
 *
 *   Origin that the service trusts ────▶ same origin     (`cors` with credentials)
 *   Sec-Fetch-Site: same-origin, none ──▶ same origin     (Fetch Metadata)
 *   Sec-Fetch-Site: any other value ────▶ other origin
 *   Origin with the host of the request ▶ same origin     (RFC 6454)
 *   any other Origin ───────────────────▶ other origin
 *   neither header ─────────────────────▶ unknown: not a page of a current browser
 *
 * A mutation with a cookie must come from the same origin. Two kinds of mutations only refuse
 * another origin:
 *
 * - those with other credentials that browsers add by themselves (HTTP Basic, a client
 *   certificate), because programs send them too, without either header;
 * - those that set a cookie for an anonymous caller, such as a sign-in. Otherwise a page could sign
 *   its visitors in to an account of the attacker.
 */

/** The parts of a service that the stage uses. */
export interface CrossSiteParts {
  readonly identifiers: readonly Identifier[]
  /** The other origins whose pages may send cookies. */
  readonly trustedOrigins: ReadonlySet<string>
}

/**
 * Returns a mutation's stage that refuses requests from other sites. `undefined` if no request of
 * the operation can have credentials that browsers add by themselves.
 */
export function refuseCrossSite(
  operation: CompiledOperation,
  { identifiers, trustedOrigins }: CrossSiteParts,
): Stage | undefined {
  if (operation.kind !== 'mutation') return undefined
  const ofRule = addedSchemesOf(operation.access)
  const setsCookies = operation.cookies.length > 0
  if (!setsCookies && ofRule.length === 0 && !identifiers.some((each) => addedSchemesOf(each).length > 0))
    return undefined
  return (call, next) => {
    const { identifier } = call
    // An identified caller may have sent credentials that no page on another site has.
    const isAnonymous = identifier === undefined
    const schemes = isAnonymous ? ofRule : [...addedSchemesOf(identifier), ...ofRule]
    const sent = schemes.filter((scheme) => isSent(scheme, call))
    const origin = originOf(call, trustedOrigins)
    if (origin === 'other' && (sent.length > 0 || (isAnonymous && setsCookies))) throw CrossSiteRequest()
    if (origin === 'unknown' && sent.some((scheme) => 'in' in scheme)) throw CrossSiteRequest()
    return next(call)
  }
}

/**
 * Returns those of a rule's schemes whose credentials browsers add to requests from other sites.
 */
function addedSchemesOf({ securitySchemes = {}, combines }: SecurityRule): readonly SecurityScheme[] {
  const own = Object.values(securitySchemes).filter((scheme) => isAddedByBrowsers(scheme))
  return [...own, ...(combines?.rules ?? []).flatMap(addedSchemesOf)]
}

function isAddedByBrowsers(scheme: SecurityScheme): boolean {
  if ('type' in scheme) return true
  return 'scheme' in scheme ? addedByBrowsers.has(scheme.scheme.toLowerCase()) : scheme.in === 'cookie'
}

const addedByBrowsers: ReadonlySet<string> = new Set(['basic', 'digest', 'negotiate'])

function isSent(scheme: SecurityScheme, { header }: Call): boolean {
  if ('type' in scheme) return true
  if (!('scheme' in scheme)) return header('cookie') !== undefined
  return (header('authorization') ?? '').toLowerCase().startsWith(`${scheme.scheme.toLowerCase()} `)
}

function originOf({ header }: Call, trusted: ReadonlySet<string>): 'same' | 'other' | 'unknown' {
  const origin = header('origin')
  if (origin !== undefined && trusted.has(origin)) return 'same'
  const site = header('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? 'same' : 'other'
  if (origin === undefined) return 'unknown'
  const host = header('host')?.toLowerCase()
  return host !== undefined && URL.parse(origin)?.host === host ? 'same' : 'other'
}

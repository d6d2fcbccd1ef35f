import { hkdfSync } from 'node:crypto'
import { access, type Access } from '../../kernel/operation/access/access.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import { cookie, type Cookie } from '../../kernel/operation/cookie.ts'
import type { AccessRequest } from '../../kernel/operation/credentials.ts'
import { visitor, type Visitor } from '../accounts/visitor.ts'
import { isToken } from '../sessions/session-token.ts'

/** The time that a user has to sign in at the provider, in milliseconds. */
export const signInAgeMs = 600_000

/**
 * The cookie of a browser that has begun a sign-in. `strict`: the page that the provider redirects
 * to sends it with its own request, and no page of another site can.
 */
export const browserCookie: Cookie = cookie('__Host-sign-in', { maxAge: '10m', sameSite: 'strict' })

/** A caller with the token in the cookie of its browser. */
export interface BrowserVisitor extends Visitor {
  /** The token; `undefined` if the browser has begun no sign-in. */
  readonly browser: string | undefined
}

/** Returns a rule that admits every caller, and adds its client and the token of its browser. */
export function browserVisitor(reason: string): Access<BrowserVisitor> {
  const rule = visitor(reason)
  return {
    ...rule,
    name: 'browserVisitor()',
    authorize: (request) => ({ ...(rule.authorize(request) as Visitor), browser: browserOf(request) }),
  }
}

/** Returns a rule that adds the token of the browser to a caller. */
export function withBrowser(): Access<Caller & { readonly browser: string | undefined }> {
  return access('withBrowser()', (request) => ({ ...request.caller, browser: browserOf(request) }))
}

function browserOf({ cookies }: AccessRequest): string | undefined {
  const token = cookies.get(browserCookie.name)
  return token !== undefined && isToken(token) ? token : undefined
}

/** The secrets of one sign-in. */
export interface SignInSecrets {
  /** The code verifier of PKCE (RFC 7636). */
  readonly verifier: string
  /** The nonce of the ID token. */
  readonly nonce: string
}

/**
 * Returns the secrets of a sign-in. They are derived from the token of the browser, which no table
 * contains, so they are stored nowhere.
 */
export function secretsOf(browser: string, state: string): SignInSecrets {
  const derive = (use: string): string =>
    Buffer.from(hkdfSync('sha256', browser, state, `holdfast sign-in ${use}`, 32)).toString('base64url')
  return { verifier: derive('verifier'), nonce: derive('nonce') }
}

import type { Duration } from '../../kernel/base/duration.ts'
import type { Secret } from '../../platform/settings/secret.ts'
import type { TokenAlgorithm } from '../tokens/algorithms.ts'

/** The claims of an ID token, or of the UserInfo response. */
export type IdentityClaims = Readonly<Record<string, unknown>>

/** A text, or a function that returns it from the settings of the application. */
export type FromSettings<Text, Values> = Text | ((settings: Values) => Text)

/** A provider of OpenID Connect. */
export interface IdentityProvider<Values = unknown> {
  /**
   * The name in URLs and lists, such as `'google'`: lower-case letters, digits and hyphens. Unique
   * in the list of providers.
   */
  readonly name: string
  /**
   * The issuer, exactly as in the metadata of the provider: `https://accounts.google.com`. The
   * metadata is read from `/.well-known/openid-configuration` below it.
   */
  readonly issuer: string
  /** The id that the provider gave to your application. */
  readonly clientId: FromSettings<string, Values>
  /** The secret of your application. Default: none, for a public client. */
  readonly clientSecret?: FromSettings<string | Secret<string>, Values>
  /**
   * The way in which your application sends its secret to the provider: in the `Authorization`
   * header (`'basic'`), or in the body (`'post'`). Default `'basic'`, the default of OpenID
   * Connect.
   */
  readonly clientAuthentication?: 'basic' | 'post'
  /** The scopes to ask for. Default: `openid` and `email`. */
  readonly scopes?: readonly string[]
  /**
   * Further parameters of the authorization request, such as `{ prompt: 'select_account' }`.
   * Default: none.
   */
  readonly parameters?: Readonly<Record<string, string>>
  /**
   * Max time since the user entered their credentials at the provider. Sent as `max_age`, and
   * checked in the ID token. Default: no limit.
   */
  readonly maxAge?: Duration
  /**
   * The signature algorithms of ID tokens. Default: RS256, PS256, ES256, EdDSA and Ed25519, as far
   * as the provider supports them.
   */
  readonly algorithms?: readonly TokenAlgorithm[]
  /**
   * Returns true if the provider decides who owns the verified address in these claims, as Google
   * does for `gmail.com`. The account is then created without a mail. It is called only if
   * `email_verified` is true. If it returns true for an address that the provider does not control,
   * its users can create accounts with the addresses of others. Default: a mail verifies the
   * address.
   */
  readonly ownsEmail?: (claims: IdentityClaims) => boolean
  /**
   * Set it to link an identity, without a question, to the account that has the same address, if
   * both are verified. `reason` says why this provider may sign in to existing accounts; it appears
   * in reviews. Needs `ownsEmail`. Default: the user signs in to the account first, and links the
   * provider.
   */
  readonly linkVerifiedEmails?: { readonly reason: string }
  /**
   * Returns true if the claims show that the provider asked for a second factor, for example by
   * `acr` or `amr`. The user is then not asked for the second factor of the account. Default:
   * always asked.
   */
  readonly usedSecondFactor?: (claims: IdentityClaims) => boolean
}

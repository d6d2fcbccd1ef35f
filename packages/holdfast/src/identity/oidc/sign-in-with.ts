import type { Capability } from '../../kernel/background/background.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import { callSite } from '../../kernel/base/call-site.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { type AccountParts, partsOf } from '../accounts/account-parts.ts'
import type { Accounts } from '../accounts/accounts.ts'
import type { MailMessage } from '../mail/mail.ts'
import { findUrlIssue } from '../tokens/issuer-url.ts'
import { beginLinkWith, beginSignInWith } from './begin-sign-in.ts'
import { completeSignInWith } from './complete-sign-in-with.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { listLinkedProviders, unlinkProvider } from './linked-providers.ts'
import { ProviderClient } from './provider-client.ts'
import { type ProviderMail, ProviderMails } from './provider-mails.ts'
import { ReturnPaths } from './return-paths.ts'
import type { SignInParts } from './sign-in-parts.ts'

/** Options of {@link signInWith}. */
export interface SignInWithOptions<Values> {
  /** The providers. */
  readonly providers: readonly IdentityProvider<Values>[]
  /** The pages of your application. */
  readonly pages: SignInPages
  /**
   * The paths of your application to which a user may return after a sign-in: `/orders`, or
   * `/orders/*` for all paths below it. Other paths are refused. Default: only `/`.
   */
  readonly returnTo?: readonly string[]
  /** Returns the subject and the text of a mail. Default: short mails in English. */
  readonly writeMail?: (mail: ProviderMail) => Omit<MailMessage, 'to'>
  /** The lifetime of a link that verifies an address. Default `'1d'`. */
  readonly verificationAge?: Duration
  /**
   * Max number of mails that verify one address in an hour. Further ones are not sent. Default 5.
   */
  readonly maxMailsPerHour?: number
}

/** The pages of an application for sign-in with providers. */
export interface SignInPages {
  /**
   * The page to which each provider redirects, with `{provider}` as a part of its path:
   * `https://app.example.com/sign-in/{provider}`. The page sends the query of its URL to the
   * operation that completes the sign-in. Register the URL at each provider, exactly.
   */
  readonly callback: string
  /**
   * The page to which the link in a mail leads, if the address of a new account has to be verified.
   * The token and the name of the provider are in the fragment:
   * `https://app.example.com/verify-sign-in#token=…&provider=work`. The page begins a sign-in with
   * both.
   */
  readonly verifyEmail: string
}

/** The operations of sign-in with providers, by their names. */
export type SignInWithOperations = {
  readonly beginSignInWith: ReturnType<typeof beginSignInWith>
  readonly completeSignInWith: ReturnType<typeof completeSignInWith>
  readonly beginLinkWith: ReturnType<typeof beginLinkWith>
  readonly listLinkedProviders: ReturnType<typeof listLinkedProviders>
  readonly unlinkProvider: ReturnType<typeof unlinkProvider>
}

/** Sign-in with providers: a capability of a service, with its operations. */
export interface SignInWith extends Capability {
  readonly operations: SignInWithOperations
}

/**
 * Returns sign-in with providers of OpenID Connect for accounts. List the result in `capabilities`
 * of the service, and its operations in `operations`. Needs the package `openid-client`.
 *
 * @throws HoldfastError `configuration-invalid` if an option is invalid.
 *
 * @example
 * ```ts
 * const others = signInWith(auth, {
 *   pages: {
 *     callback: 'https://app.example.com/sign-in/{provider}',
 *     verifyEmail: 'https://app.example.com/verify-sign-in',
 *   },
 *   providers: [{ name: 'work', issuer: 'https://login.example.com', clientId: 'shop' }],
 * })
 * service({
 *   name: 'shop',
 *   operations: { ...auth.operations, ...others.operations },
 *   capabilities: [auth, others],
 * })
 * ```
 */
export function signInWith<Values = never>(auth: Accounts, options: SignInWithOptions<Values>): SignInWith {
  requireOptions(options)
  const clients = new Map(
    options.providers.map((provider) => [
      provider.name,
      new ProviderClient(provider, options.pages.callback.replace('{provider}', provider.name)),
    ]),
  )
  // The settings are those of the application of the accounts.
  const accountParts = partsOf(auth) as unknown as AccountParts<unknown, unknown, Values>
  const definedAt = callSite(signInWith)
  const providerMails = new ProviderMails(
    {
      verifyPage: options.pages.verifyEmail,
      writeMail: options.writeMail,
      maxMailsPerHour: options.maxMailsPerHour ?? 5,
    },
    accountParts.mails,
    definedAt,
  )
  const verificationMs = toMilliseconds(options.verificationAge ?? '1d', {
    option: 'verificationAge of signInWith',
  })
  const parts: SignInParts<unknown, unknown, Values> = {
    ...accountParts,
    clients,
    providerMails,
    verificationMs,
    returnPaths: new ReturnPaths(options.returnTo ?? ['/']),
  }
  const operations = {
    beginSignInWith: beginSignInWith(parts),
    completeSignInWith: completeSignInWith(parts),
    beginLinkWith: beginLinkWith(parts),
    listLinkedProviders: listLinkedProviders(parts),
    unlinkProvider: unlinkProvider(parts),
  }
  return { name: 'sign-in-with', definedAt, jobs: [providerMails.job], operations }
}

function requireOptions({ providers, pages }: SignInWithOptions<never>): void {
  const names = providers.map(({ name }) => name)
  const issues = [
    ...(providers.length === 0 ? ['signInWith has no provider; add one to `providers`'] : []),
    ...names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => `two providers have the name "${name}"; rename one of them`),
    ...providers.flatMap(issuesOf),
    ...pageIssues(pages),
  ]
  if (issues.length > 0) throw configurationInvalid(issues)
}

function issuesOf(provider: IdentityProvider<never>): readonly string[] {
  const { name, issuer, linkVerifiedEmails, ownsEmail, algorithms, scopes } = provider
  const issue = findUrlIssue(issuer)
  return [
    ...(/^[a-z0-9-]{1,40}$/.test(name)
      ? []
      : [
          `the name of a provider is ${JSON.stringify(name)}; use 1 to 40 lower-case letters, digits and hyphens`,
        ]),
    ...(issue === undefined
      ? []
      : [`the issuer ${JSON.stringify(issuer)} of the provider "${name}" ${issue}`]),
    ...(linkVerifiedEmails && linkVerifiedEmails.reason.trim() === ''
      ? [`linkVerifiedEmails of the provider "${name}" needs a reason`]
      : []),
    ...(linkVerifiedEmails && !ownsEmail
      ? [
          `linkVerifiedEmails of the provider "${name}" needs ownsEmail, which says which addresses it decides about`,
        ]
      : []),
    ...(algorithms?.length === 0
      ? [`algorithms of the provider "${name}" is empty; remove it for the default`]
      : []),
    ...(scopes && !scopes.includes('openid')
      ? [`scopes of the provider "${name}" lack "openid"; add it`]
      : []),
  ]
}

function pageIssues({ callback, verifyEmail }: SignInPages): readonly string[] {
  const url = URL.parse(callback.replace('{provider}', 'name'))
  const isValid =
    url !== null &&
    callback.split('{provider}').length === 2 &&
    url.pathname.split('/').includes('name') &&
    url.search === '' &&
    url.hash === '' &&
    findUrlIssue(url.href) === undefined
  const verifyIssue = verifyEmail.includes('#') ? 'must have no fragment' : findUrlIssue(verifyEmail)
  const issues =
    verifyIssue === undefined
      ? []
      : [`the page verifyEmail of signInWith, ${JSON.stringify(verifyEmail)}, ${verifyIssue}`]
  return isValid
    ? issues
    : [
        ...issues,
        `the page callback of signInWith is ${JSON.stringify(callback)}; set it to an https URL (http only for localhost) with {provider} as a part of its path, such as https://app.example.com/sign-in/{provider}`,
      ]
}

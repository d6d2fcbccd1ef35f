import type { Transaction } from '../../kernel/background/effects.ts'
import type { Clock } from '../../kernel/base/clock.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { allOf } from '../../kernel/operation/access/combine.ts'
import { recentlySignedIn } from '../../kernel/operation/access/caller-rules.ts'
import type { Mutation } from '../../kernel/operation/operation.ts'
import { type HandlerResponse, respond } from '../../kernel/operation/respond.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { described } from '../../kernel/schema/schema.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { sessionVisitor } from '../accounts/visitor.ts'
import { createToken, hashToken } from '../sessions/session-token.ts'
import { type BeginInput, beginInput } from './begin-input.ts'
import { browserCookie, browserVisitor, secretsOf, signInAgeMs, withBrowser } from './browser.ts'
import { ProviderUnknown, ReturnPathRefused } from './problems.ts'
import { insertBegun } from './queries/begun-sign-ins.ts'
import { requireClient, type SignInParts } from './sign-in-parts.ts'

/** A sign-in that was begun. */
export interface BegunUrl {
  /** The URL at the provider to which the page sends the browser. */
  readonly url: string
}

const begunUrl = described<BegunUrl>({
  type: 'object',
  properties: { url: { type: 'string', format: 'uri', description: 'The URL at the provider.' } },
  required: ['url'],
})

type BeginProblem = ProblemOf<typeof ProviderUnknown | typeof ReturnPathRefused>

/** Returns the operation that begins a sign-in with a provider. */
export function beginSignInWith<Read, Write, Values>(
  parts: SignInParts<Read, Write, Values>,
): Mutation<BeginInput, BegunUrl, BeginProblem> {
  return parts.app.mutation({
    route: 'POST /auth/sign-in-with/{provider}',
    sealed: true,
    summary: 'Begins a sign-in with a provider.',
    description:
      'Returns the URL at the provider, and sets a cookie that binds the sign-in to the browser for 10 minutes.',
    access: browserVisitor('the provider identifies the user'),
    input: beginInput('provider', 'returnTo', 'reauthenticate', 'emailToken'),
    output: begunUrl,
    problems: [ProviderUnknown, ReturnPathRefused],
    cookies: [browserCookie],
    prepare: ({ input, caller, settings, clock, log }) =>
      prepareBegin(parts, { ...input, browser: caller.browser }, { settings, clock, log }),
    run: async ({ prepared, transaction }) => finishBegin(transaction, prepared),
  })
}

/** Returns the operation that begins the linking of an identity to the account of the user. */
export function beginLinkWith<Read, Write, Values>(
  parts: SignInParts<Read, Write, Values>,
): Mutation<Pick<BeginInput, 'provider' | 'returnTo'>, BegunUrl, BeginProblem> {
  return parts.app.mutation({
    route: 'POST /auth/link-with/{provider}',
    sealed: true,
    summary: 'Begins the linking of a provider to the account of the user.',
    description: 'Needs a sign-in in the last 10 minutes. The same session has to complete the linking.',
    access: allOf(sessionVisitor(), recentlySignedIn('10m'), withBrowser()),
    input: beginInput('provider', 'returnTo'),
    output: begunUrl,
    problems: [ProviderUnknown, ReturnPathRefused],
    cookies: [browserCookie],
    prepare: ({ input, caller, settings, clock, log }) =>
      prepareBegin(
        parts,
        { ...input, browser: caller.browser, link: { session: caller.session, account: caller.id } },
        { settings, clock, log },
      ),
    run: async ({ prepared, transaction }) => finishBegin(transaction, prepared),
  })
}

interface Begin extends BeginInput {
  readonly browser: string | undefined
  readonly link?: { readonly session: string; readonly account: string }
}

/** Reads the metadata of the provider, and so runs outside the transaction. */
async function prepareBegin<Values>(
  parts: SignInParts<unknown, unknown, Values>,
  begin: Begin,
  { settings, clock, log }: { readonly settings: Values; readonly clock: Clock; readonly log: Logger },
) {
  const client = requireClient(parts, begin.provider)
  const returnTo = parts.returnPaths.read(begin.returnTo ?? '/')
  if (returnTo === undefined) throw ReturnPathRefused()
  // A browser with several tabs has one token, so that each of its sign-ins can be completed.
  const browser = begin.browser ?? createToken().token
  const state = createToken().token
  const reauthenticates = begin.reauthenticate === true
  const url = await client.authorizationUrl(
    { ...secretsOf(browser, state), state, reauthenticates },
    client.credentialsOf(settings),
    { clock, log },
  )
  return { ...begin, returnTo, browser, state, reauthenticates, url }
}

type PreparedBegin = Awaited<ReturnType<typeof prepareBegin>>

async function finishBegin(
  transaction: Transaction,
  { provider, returnTo, browser, state, reauthenticates, url, link, emailToken }: PreparedBegin,
): Promise<HandlerResponse<BegunUrl>> {
  await runStatement(
    transaction,
    insertBegun({
      service: transaction.service,
      stateHash: hashToken(state),
      browserHash: hashToken(browser),
      provider,
      returnTo,
      link,
      reauthenticates,
      emailTokenHash: emailToken === undefined ? undefined : hashToken(emailToken),
      ttlMs: signInAgeMs,
    }),
  )
  return respond({ url }, { cookies: [browserCookie.set(browser)] })
}

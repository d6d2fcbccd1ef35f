import type { Mutation } from '../../kernel/operation/operation.ts'
import { ProblemWithWrites } from '../../kernel/problem/keep-writes.ts'
import type { ProblemOf } from '../../kernel/problem/problem.ts'
import { HandlerResponse, respond } from '../../kernel/operation/respond.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'
import { onlySuccess, targetOf } from '../accounts/account-trail.ts'
import { completeSignIn } from '../accounts/complete-sign-in.ts'
import { SecondFactorRequired } from '../accounts/problems.ts'
import { textInput, type TextInput } from '../accounts/fields.ts'
import { exchangeResponse } from './exchange-response.ts'
import { browserCookie, browserVisitor } from './browser.ts'
import { type CompletedSignIn, completedSignIn } from './completed-sign-in.ts'
import { completeLink } from './complete-link.ts'
import { findOrCreateAccount } from './find-or-create-account.ts'
import {
  AccountNotLinked,
  IdentityLinked,
  ProviderEmailMissing,
  ProviderEmailUnverified,
  ProviderRefused,
  ProviderUnknown,
  SignInNotBegun,
} from './problems.ts'
import { type BegunRow, takeBegun } from './queries/begun-sign-ins.ts'
import type { SignInParts } from './sign-in-parts.ts'

const maxResponseLength = 8_000

const providerName = {
  schema: { type: 'string', pattern: '^[a-z0-9-]{1,40}$' },
  read: (text: string) =>
    /^[a-z0-9-]{1,40}$/.test(text) ? { value: text } : { message: 'must be the name of a provider' },
}

const response = {
  schema: {
    type: 'string',
    maxLength: maxResponseLength,
    description: 'The query of the URL to which the provider redirected: `location.search`.',
  },
  read: (text: string) =>
    text.length <= maxResponseLength
      ? { value: text }
      : { message: `must have at most ${maxResponseLength} characters` },
}

type CompletionProblem = ProblemOf<
  | typeof SignInNotBegun
  | typeof ProviderRefused
  | typeof ProviderUnknown
  | typeof AccountNotLinked
  | typeof IdentityLinked
  | typeof ProviderEmailMissing
  | typeof ProviderEmailUnverified
  | typeof SecondFactorRequired
>

/**
 * Returns the operation that completes a sign-in, or a linking, with the response of a provider.
 */
export function completeSignInWith<Read, Write, Values>(
  parts: SignInParts<Read, Write, Values>,
): Mutation<TextInput<'provider' | 'response'>, CompletedSignIn, CompletionProblem> {
  return parts.app.mutation({
    route: 'POST /auth/sign-in-with/{provider}/complete',
    sealed: true,
    trail: onlySuccess,
    summary: 'Completes a sign-in with a provider.',
    description:
      'The page to which the provider redirects sends the query of its URL. Only the browser that has begun the sign-in can complete it.',
    access: browserVisitor('the response of the provider is the credential'),
    input: textInput({ provider: providerName, response }),
    output: completedSignIn,
    problems: [
      SignInNotBegun,
      ProviderRefused,
      ProviderUnknown,
      AccountNotLinked,
      IdentityLinked,
      ProviderEmailMissing,
      ProviderEmailUnverified,
      SecondFactorRequired,
    ],
    cookies: [parts.sessions.cookie, browserCookie],
    prepare: (context) => exchangeResponse(parts, context),
    async run({ prepared: { reference, identity }, caller, transaction, jobs }) {
      // The row is deleted with the commit, so a response takes effect once.
      const [begun] = await runStatement<BegunRow>(transaction, takeBegun(reference))
      if (!begun) throw SignInNotBegun()
      if (begun.link_session !== null)
        return completeLink(parts, transaction, { begun, identity, caller, jobs })
      const account = await findOrCreateAccount(parts, transaction, { begun, identity, jobs })
      if (typeof account !== 'string') return account
      const factors = identity.usedSecondFactor ? 'both' : 'one'
      const signedIn = await completeSignIn(parts.sessions, transaction, { account, caller, factors })
      if (signedIn instanceof ProblemWithWrites) return signedIn
      const { cookies = [] } = HandlerResponse.partsOf(signedIn)
      return respond(
        { purpose: 'sign-in' as const, account, returnTo: begun.return_to },
        { cookies: [...cookies, browserCookie.clear()], trail: targetOf(account) },
      )
    },
  })
}

import { type Problem, problem } from '../../kernel/problem/problem.ts'

/** The response of the provider does not belong to a sign-in that this browser has begun. */
export const SignInNotBegun: Problem<'sign-in-not-begun'> = problem('sign-in-not-begun', {
  status: 422,
  title: 'Sign-in not begun here',
  description: 'This browser has not begun this sign-in, or it has expired, or was completed. Begin again.',
})

/** The provider refused the sign-in, or its response is invalid. */
export const ProviderRefused: Problem<'provider-refused'> = problem('provider-refused', {
  status: 422,
  title: 'Sign-in refused by the provider',
  description:
    'The user cancelled, or the provider refused the sign-in, or its response is invalid. Begin again.',
})

/** The address of the identity belongs to an account that is not linked to it. */
export const AccountNotLinked: Problem<'account-not-linked'> = problem('account-not-linked', {
  status: 409,
  title: 'Account not linked',
  description: 'An account with this address exists. Sign in to it as before, and link the provider to it.',
})

/** The provider did not send an address, which a new account needs. */
export const ProviderEmailMissing: Problem<'provider-email-missing'> = problem('provider-email-missing', {
  status: 422,
  title: 'No address from the provider',
  description:
    'A new account needs an address, and the provider sent none. Sign up with a password, and link the provider.',
})

/** The address of a new account is not verified yet. */
export const ProviderEmailUnverified: Problem<'provider-email-unverified'> = problem(
  'provider-email-unverified',
  {
    status: 403,
    title: 'Address not verified',
    description:
      'A mail was sent to the address. The answer is the same if an account has the address: then the mail says so.',
  },
)

/** The identity is linked to another account. */
export const IdentityLinked: Problem<'identity-linked'> = problem('identity-linked', {
  status: 409,
  title: 'Linked to another account',
  description: 'The identity is linked to another account. Unlink it there first.',
})

/** The last way to sign in cannot be removed. */
export const LastSignInMethod: Problem<'last-sign-in-method'> = problem('last-sign-in-method', {
  status: 409,
  title: 'Last way to sign in',
  description:
    'The account could not be signed in to any more. Set a password first, or link another provider.',
})

/** The service has no such provider. */
export const ProviderUnknown: Problem<'provider-unknown'> = problem('provider-unknown', {
  status: 404,
  title: 'Unknown provider',
  description: 'The service has no provider with this name.',
})

/** The path to return to is not in the list of the application. */
export const ReturnPathRefused: Problem<'return-path-refused'> = problem('return-path-refused', {
  status: 422,
  title: 'Path not allowed',
  description: 'The path to return to is not one of the paths that the service allows.',
})

import { type Problem, type ProblemWith, problem } from '../../kernel/problem/problem.ts'
import { described } from '../../kernel/schema/schema.ts'

/** The address or the password is wrong. The answer does not show which. */
export const CredentialsInvalid: Problem<'credentials-invalid'> = problem('credentials-invalid', {
  status: 401,
  title: 'Wrong address or password',
  description: 'No account has this address and this password. The answer does not show which is wrong.',
})

/** The password is right, and the address of the account is not verified. */
export const EmailUnverified: Problem<'email-unverified'> = problem('email-unverified', {
  status: 403,
  title: 'Address not verified',
  description:
    'The password is right, but the owner of the account has not opened the link in the mail yet. A new mail was sent.',
})

/** The link in a mail has expired, or was used. */
export const LinkInvalid: Problem<'link-invalid'> = problem('link-invalid', {
  status: 422,
  title: 'Link no longer valid',
  description: 'The link has expired, was used, or was replaced by a later mail. Ask for a new mail.',
})

/** Too many sign-ins failed, with this address or from this client. */
export const TooManyAttempts: Problem<'too-many-attempts'> = problem('too-many-attempts', {
  status: 429,
  title: 'Too many failed attempts',
  description:
    'Too many attempts with this address, or from this client, have failed. The answer is the same for addresses without an account. Wait, or reset the password.',
  headers: { 'retry-after': '900' },
})

/** A sign-in that needs the second factor. */
export interface PendingSignIn {
  /** The token to send with the second factor. */
  readonly token: string
  /** The time until the token expires. */
  readonly expiresInSeconds: number
}

/** The first factor is right, and the account has a second factor. */
export const SecondFactorRequired: ProblemWith<'second-factor-required', PendingSignIn> = problem(
  'second-factor-required',
  {
    status: 401,
    title: 'Second factor required',
    description:
      'The first factor, such as the password, is right. Send `token` with a code of the authenticator app, or with a recovery code, to `POST /auth/sign-in/second-factor`.',
    extra: described<PendingSignIn>({
      type: 'object',
      required: ['token', 'expiresInSeconds'],
      properties: { token: { type: 'string' }, expiresInSeconds: { type: 'integer' } },
    }),
  },
)

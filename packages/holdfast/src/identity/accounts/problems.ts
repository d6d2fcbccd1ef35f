import { type Problem, problem } from '../../kernel/problem/problem.ts'

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

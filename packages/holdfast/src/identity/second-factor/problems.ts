import { type Problem, problem } from '../../kernel/problem/problem.ts'

/** The code of the second factor is wrong, or was used. */
export const SecondFactorInvalid: Problem<'second-factor-invalid'> = problem('second-factor-invalid', {
  status: 422,
  title: 'Wrong code',
  description:
    'The code is wrong, was used, or is more than half a minute old. A code of the authenticator app and a recovery code are accepted once. Wait for the next code.',
})

/** The sign-in has expired, was completed, or has had too many wrong codes. */
export const SignInExpired: Problem<'sign-in-expired'> = problem('sign-in-expired', {
  status: 401,
  title: 'Sign-in expired',
  description:
    'The token of the sign-in has expired, was used, or has had 5 wrong codes. Begin again with the first factor.',
})

/** The account has a second factor already. */
export const SecondFactorExists: Problem<'second-factor-exists'> = problem('second-factor-exists', {
  status: 409,
  title: 'Second factor exists',
  description: 'The account already has an authenticator app. Remove it before you add another one.',
})

/** The account has no second factor. */
export const SecondFactorMissing: Problem<'second-factor-missing'> = problem('second-factor-missing', {
  status: 404,
  title: 'No second factor',
  description: 'The account has no authenticator app, or its first code was not entered yet.',
})

import { type Problem, problem } from '../../kernel/problem/problem.ts'

/** The passkey is unknown, or its signature is invalid. The answer does not show which. */
export const PasskeyInvalid: Problem<'passkey-invalid'> = problem('passkey-invalid', {
  status: 401,
  title: 'Passkey not accepted',
  description:
    'The passkey is unknown or was removed, the challenge has expired or was used, or the signature is invalid. Ask for new options, and try again.',
})

/** The new passkey is invalid. */
export const PasskeyNotAdded: Problem<'passkey-not-added'> = problem('passkey-not-added', {
  status: 422,
  title: 'Passkey not added',
  description:
    'The response of the authenticator is invalid, the challenge has expired or was used, the passkey is already known, or the account has too many passkeys. Ask for new options, and try again.',
})

/** The user has no such passkey. */
export const PasskeyUnknown: Problem<'passkey-unknown'> = problem('passkey-unknown', {
  status: 404,
  title: 'Unknown passkey',
  description: 'The account has no passkey with this id.',
})

import { type Problem, problem } from '../../kernel/problem/problem.ts'

/** The API key does not exist, or belongs to a different caller. */
export const ApiKeyUnknown: Problem<'api-key-unknown'> = problem('api-key-unknown', {
  status: 404,
  title: 'API key not found',
  description: 'The API key does not exist, or it identifies another caller.',
})

/** The API key was revoked or has expired, so it cannot be rotated. */
export const ApiKeyEnded: Problem<'api-key-ended'> = problem('api-key-ended', {
  status: 409,
  title: 'API key has ended',
  description:
    'An API key that was revoked or has expired cannot be rotated, because its successor would be valid again. Create a new key.',
})

import { type AnyProblem, type Problem, problem } from '../../kernel/problem/problem.ts'

/** The mutation requires an `Idempotency-Key`, and the call has no such header. */
export const IdempotencyKeyMissing: Problem<'idempotency-key-missing'> = problem('idempotency-key-missing', {
  status: 400,
  title: 'Idempotency-Key header required',
  description:
    'A key makes the mutation safe to retry. Send a unique string of 1 to 255 printable ASCII characters, preferably a UUIDv7. Send the same key with every retry of the same request.',
})

/** The `Idempotency-Key` is malformed or too long. */
export const IdempotencyKeyInvalid: Problem<'idempotency-key-invalid'> = problem('idempotency-key-invalid', {
  status: 400,
  title: 'Invalid Idempotency-Key header',
  description:
    'The header must be one string of 1 to 255 printable ASCII characters, quoted ("8e03978e-40d5-43dd-bc93-6894a57f9324") as defined by RFC 9651, or bare.',
})

/** The answer is sealed, but its key is not random. */
export const IdempotencyKeyGuessable: Problem<'idempotency-key-guessable'> = problem(
  'idempotency-key-guessable',
  {
    status: 400,
    title: 'Idempotency key not random',
    description:
      'The answer of this operation contains a secret, which is encrypted with the key. The key must have at least 122 random bits: a UUIDv4, or a random token of 22 characters of base64url. A UUIDv7 is not random enough, because it contains the time.',
  },
)

/** The answer is sealed with a secret key that is missing. */
export const IdempotencyAnswerUnreadable: Problem<'idempotency-answer-unreadable'> = problem(
  'idempotency-answer-unreadable',
  {
    status: 500,
    title: 'The answer to this idempotency key cannot be decrypted',
    description:
      'The call was executed. Its answer was encrypted with a secret key that the service no longer has. The call does not run again with this key. Check the data before you send the request with a new key.',
  },
)

/** The key was used for a different request. */
export const IdempotencyKeyReused: Problem<'idempotency-key-reused'> = problem('idempotency-key-reused', {
  status: 422,
  title: 'Idempotency key reused for another request',
  description:
    'A key belongs to one request: its operation, path, query and body. This key was used with different input before. Use a new key for a new request.',
})

/** An attempt with the key is still running. */
export const IdempotencyKeyInFlight: Problem<'idempotency-key-in-flight'> = problem(
  'idempotency-key-in-flight',
  {
    status: 409,
    title: 'Call with this idempotency key in progress',
    description:
      'Wait `Retry-After` seconds, then send the same request with the same key to get the answer of the running call.',
    headers: { 'retry-after': '1' },
  },
)

/** The key is older than the retention of answers. */
export const IdempotencyKeyExpired: Problem<'idempotency-key-expired'> = problem('idempotency-key-expired', {
  status: 422,
  title: 'Idempotency key too old',
  description:
    'The key is a UUIDv7 older than the oldest stored answer. It is no longer known whether the original request ran. Check the data before retrying with a new key.',
})

/** The key's answer was erased with a person's data. */
export const IdempotencyAnswerErased: Problem<'idempotency-answer-erased'> = problem(
  'idempotency-answer-erased',
  {
    status: 410,
    title: 'The answer to this idempotency key has been erased',
    description:
      'The call was executed. Its answer contained personal data, which has been erased since. The call does not run again with this key. Check the data before you send the request with a new key.',
  },
)

/** The outcome of the commit could not be determined in time. */
export const OutcomeUnknown: Problem<'outcome-unknown'> = problem('outcome-unknown', {
  status: 503,
  title: 'Outcome unknown',
  description:
    'The connection to the database was lost during the commit. Retry with the same key: you get the answer of the first attempt, or the call runs now. Without a key, check the data first.',
  headers: { 'retry-after': '1' },
})

/** All problems of idempotency. */
export const idempotencyProblems: readonly AnyProblem[] = [
  IdempotencyKeyMissing,
  IdempotencyKeyInvalid,
  IdempotencyKeyGuessable,
  IdempotencyKeyReused,
  IdempotencyKeyInFlight,
  IdempotencyKeyExpired,
  IdempotencyAnswerErased,
  IdempotencyAnswerUnreadable,
  OutcomeUnknown,
]

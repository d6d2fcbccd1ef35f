import { type AnyProblemType, problem, type ProblemType } from '../../kernel/problem/problem.ts'

type Plain<Code extends string> = ProblemType<Code, Record<never, never>>

/** The mutation requires an `Idempotency-Key`, and the call has none. */
export const IdempotencyKeyMissing: Plain<'idempotency-key-missing'> = problem('idempotency-key-missing', {
  status: 400,
  title: 'The call needs an Idempotency-Key header',
  description:
    'A mutation is safe to send again because it carries a key: any text of 1 to 255 visible characters that no other request of yours has, best a UUID of version 7. Send the same key again whenever you repeat the same request.',
})

/** The `Idempotency-Key` is malformed or too long. */
export const IdempotencyKeyInvalid: Plain<'idempotency-key-invalid'> = problem('idempotency-key-invalid', {
  status: 400,
  title: 'The Idempotency-Key header is not valid',
  description:
    'The header is one string of 1 to 255 printable ASCII characters, quoted ("8e03978e-40d5-43dd-bc93-6894a57f9324") as a string of RFC 9651 or bare.',
})

/** The key was used for another request. */
export const IdempotencyKeyReused: Plain<'idempotency-key-reused'> = problem('idempotency-key-reused', {
  status: 422,
  title: 'The idempotency key was used for another request',
  description:
    'A key belongs to one request: the operation, its path, query and body. This one came with something else before. Use a new key for a new request.',
})

/** An attempt with the key is still running. */
export const IdempotencyKeyInFlight: Plain<'idempotency-key-in-flight'> = problem(
  'idempotency-key-in-flight',
  {
    status: 409,
    title: 'A call with this idempotency key is still running',
    description:
      'Wait for `Retry-After` seconds and send the same request with the same key: it will be answered with what the running call comes to.',
    headers: { 'retry-after': '1' },
  },
)

/** The key is older than the retention of answers. */
export const IdempotencyKeyExpired: Plain<'idempotency-key-expired'> = problem('idempotency-key-expired', {
  status: 422,
  title: 'The idempotency key is too old',
  description:
    'The key is a UUID of version 7, whose time lies before the oldest answer that is kept. Whether its request has been carried out cannot be said any more; look at the data before you send it under a new key.',
})

/** The answer of the key was erased with the data of a person. */
export const IdempotencyAnswerErased: Plain<'idempotency-answer-erased'> = problem(
  'idempotency-answer-erased',
  {
    status: 410,
    title: 'The answer to this idempotency key has been erased',
    description:
      'The call was carried out. Its answer contained data of a person, which has been erased since. The call does not run again under this key; do not send it under a new one before you have looked at the data.',
  },
)

/** The outcome of the commit could not be determined in time. */
export const OutcomeUnknown: Plain<'outcome-unknown'> = problem('outcome-unknown', {
  status: 503,
  title: 'Whether the call was carried out is not known yet',
  description:
    'The connection to the database was lost while the call was being committed. The same key is safe to send again: the answer is then what the first attempt came to, or the call is carried out now. Without a key, look at the data first.',
  headers: { 'retry-after': '1' },
})

/** All problems of idempotency. */
export const idempotencyProblems: readonly AnyProblemType[] = [
  IdempotencyKeyMissing,
  IdempotencyKeyInvalid,
  IdempotencyKeyReused,
  IdempotencyKeyInFlight,
  IdempotencyKeyExpired,
  IdempotencyAnswerErased,
  OutcomeUnknown,
]

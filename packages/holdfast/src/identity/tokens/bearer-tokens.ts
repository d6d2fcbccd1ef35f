import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { isThenable } from '../../kernel/base/thenable.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import type { Credentials } from '../../kernel/operation/credentials.ts'
import type { Identifier, IdentifierHost } from '../../kernel/operation/identifier.ts'
import { withCause } from '../../kernel/problem/problem.ts'
import { Unauthenticated, Unavailable } from '../../kernel/problem/problems.ts'
import { completeIssuers } from './check-issuers.ts'
import { looksLikeToken } from './compact-token.ts'
import { isIssuerUnavailable } from './issuer-unavailable.ts'
import { TokenRefused } from './token-refused.ts'
import { TokenVerifier } from './token-verifier.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

/** Options of {@link bearerTokens}. */
export interface BearerTokensOptions<Values = unknown> {
  /**
   * The issuers whose tokens are accepted, or a function that returns them from the settings of the
   * application. A token of any other issuer is refused.
   */
  readonly issuers: readonly TrustedIssuer[] | ((settings: Values) => readonly TrustedIssuer[])
  /** The name in errors and traces. Unique in a list of identifiers. Default `'bearer'`. */
  readonly name?: string
  /**
   * The max length of a token. A longer token is refused before it is parsed. Default 8,192. Raise
   * it together with the max size of request headers.
   */
  readonly maxTokenBytes?: number
}

/**
 * Returns an identifier of JWT access tokens in `Authorization: Bearer` (RFC 9068, RFC 6750), with
 * the checks of RFC 8725. Credentials of another form, such as API keys, are left to other
 * identifiers.
 *
 * @throws HoldfastError `configuration-invalid` for an issuer over http, an empty audience, or an
 *   algorithm that is not asymmetric. If `issuers` is a function, the start of the service fails.
 *
 * @example
 * ```ts
 * const tokens = bearerTokens({
 *   issuers: [{ issuer: 'https://login.example.com', audience: 'https://api.example.com' }],
 * })
 * const app = holdfast({ database: postgres(), identify: [tokens] })
 * ```
 */
export function bearerTokens<Values = unknown>(
  options: BearerTokensOptions<Values>,
): Identifier<unknown, Values> {
  const { issuers, name = 'bearer', maxTokenBytes = 8_192 } = options
  if (!Number.isSafeInteger(maxTokenBytes) || maxTokenBytes < 1)
    throw configurationInvalid([`maxTokenBytes is ${maxTokenBytes}; set it to a positive integer`])
  if (typeof issuers !== 'function') completeIssuers(issuers, undefined)
  const securitySchemes = { bearer: { scheme: 'bearer' } }
  const forService = ({ mode, settings }: IdentifierHost<Values>): Identifier<unknown, Values> => {
    const list = typeof issuers === 'function' ? issuers(settings) : issuers
    const verifier = new TokenVerifier(completeIssuers(list, mode), maxTokenBytes)
    return { name, securitySchemes, identify: (credentials) => identify(verifier, credentials), forService }
  }
  let own: Identifier<unknown, Values> | undefined
  return {
    name,
    securitySchemes,
    identify(credentials) {
      own ??= forService({ mode: 'production', settings: credentials.settings })
      return own.identify(credentials)
    },
    forService,
  }
}

const bearerForm = /^bearer +(.*)$/is

function identify(verifier: TokenVerifier, credentials: Credentials): Caller | undefined | Promise<Caller> {
  const [, token] = bearerForm.exec(credentials.header('authorization') ?? '') ?? []
  if (token === undefined || !looksLikeToken(token)) return undefined
  const fail = (error: unknown): never => {
    throw toProblem(error, credentials)
  }
  try {
    const found = verifier.verify(token, credentials)
    return isThenable(found) ? found.then(({ caller }) => caller, fail) : found.caller
  } catch (error) {
    return fail(error)
  }
}

/** Returns the problem of a token, and logs the reason, which the client must not learn. */
function toProblem(error: unknown, { log }: Credentials): unknown {
  if (isIssuerUnavailable(error)) return withCause(Unavailable(), error)
  if (!(error instanceof TokenRefused)) return error
  const { message: reason, hasExpired, cause } = error
  log.info({ reason, ...(cause instanceof Error ? { cause: cause.message } : {}) }, 'access token refused')
  return Unauthenticated({
    detail: hasExpired ? 'The access token has expired.' : 'The access token is invalid.',
  })
}

import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { isThenable } from '../../kernel/base/thenable.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import type { Credentials } from '../../kernel/operation/credentials.ts'
import type { Identifier, IdentifierHost } from '../../kernel/operation/identifier.ts'
import type { SecuritySchemes } from '../../kernel/operation/security-scheme.ts'
import { ProblemError, withCause } from '../../kernel/problem/problem.ts'
import { Unauthenticated, Unavailable } from '../../kernel/problem/problems.ts'
import { checkBinding, type PresentedToken } from './binding/check-binding.ts'
import { proofAlgorithms } from './binding/dpop-proof.ts'
import { completeIssuers } from './check-issuers.ts'
import { looksLikeToken } from './compact-token.ts'
import { findUrlIssue, isLoopbackUrl } from './issuer-url.ts'
import { isIssuerUnavailable } from './issuer-unavailable.ts'
import { TokenRefused } from './token-refused.ts'
import { TokenVerifier, type VerifiedToken } from './token-verifier.ts'
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
  /**
   * Accepts tokens bound to a key of the client, in `Authorization: DPoP` (RFC 9449). Each request
   * has a proof, which is accepted only once across all processes, so the service needs a database.
   * Default: bound tokens are refused.
   */
  readonly dpop?: DpopOptions<Values>
}

/** Options of DPoP. */
export interface DpopOptions<Values = unknown> {
  /**
   * The base URL that clients use to call the service, without the path of an operation:
   * `https://api.example.com`. Proofs contain it. Pass a function to compute it from the settings.
   */
  readonly baseUrl: string | ((settings: Values) => string)
}

/**
 * Returns an identifier of JWT access tokens in `Authorization: Bearer` (RFC 9068, RFC 6750), with
 * the checks of RFC 8725. Credentials in a different form, such as API keys, are left to other
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
  const { issuers, name = 'bearer', maxTokenBytes = 8_192, dpop } = options
  if (!Number.isSafeInteger(maxTokenBytes) || maxTokenBytes < 1)
    throw configurationInvalid([`maxTokenBytes is ${maxTokenBytes}; set it to a positive integer`])
  if (typeof issuers !== 'function') completeIssuers(issuers, undefined)
  const securitySchemes: SecuritySchemes = {
    bearer: { scheme: 'bearer' },
    ...(dpop ? { dpop: { scheme: 'dpop' } } : {}),
  }
  const forService = (host: IdentifierHost<Values>): Identifier<unknown, Values> => {
    const list = typeof issuers === 'function' ? issuers(host.settings) : issuers
    const verifier = new TokenVerifier(completeIssuers(list, host.mode), maxTokenBytes)
    const baseUrl = dpop && readBaseUrl(dpop, host)
    return {
      name,
      securitySchemes,
      identify: (credentials) => identify({ verifier, baseUrl }, credentials),
      forService,
    }
  }
  let own: Identifier<unknown, Values> | undefined
  return {
    name,
    securitySchemes,
    identify(credentials) {
      const { settings } = credentials
      own ??= forService({ env: {}, mode: 'production', hasDatabase: true, settings })
      return own.identify(credentials)
    },
    forService,
  }
}

/** Returns the URL of the service, without a slash at the end. */
function readBaseUrl<Values>(
  { baseUrl }: DpopOptions<Values>,
  { mode, hasDatabase, settings }: IdentifierHost<Values>,
): string {
  const url = typeof baseUrl === 'function' ? baseUrl(settings) : baseUrl
  const issues: string[] = []
  const issue = findUrlIssue(url)
  if (issue !== undefined) issues.push(`\`dpop.baseUrl\` ${issue}`)
  else if (mode === 'production' && isLoopbackUrl(url))
    issues.push('`dpop.baseUrl` must use https in production')
  if (!hasDatabase)
    issues.push(
      '`dpop` needs a database, in which all processes record the proofs that were used; set `database` in holdfast(…)',
    )
  if (issues.length > 0) throw configurationInvalid(issues)
  return url.replace(/\/$/, '')
}

/** The parts of a service that accept its tokens. */
interface TokenParts {
  readonly verifier: TokenVerifier
  readonly baseUrl: string | undefined
}

const authorizationForm = /^(bearer|dpop) +(.*)$/is

function identify(
  { verifier, baseUrl }: TokenParts,
  credentials: Credentials,
): Caller | undefined | Promise<Caller> {
  const [, scheme, text] = authorizationForm.exec(credentials.header('authorization') ?? '') ?? []
  if (scheme === undefined || text === undefined || !looksLikeToken(text)) return undefined
  const token: PresentedToken = { text, scheme: scheme.toLowerCase() as PresentedToken['scheme'] }
  if (token.scheme === 'dpop' && baseUrl === undefined) return undefined
  const fail = (error: unknown): never => {
    throw toProblem(error, token, credentials)
  }
  const accept = ({ claims, caller, issuer }: VerifiedToken): Caller | Promise<Caller> => {
    const bound = { ...token, baseUrl, isRequired: issuer.rules.mustBeBound === true }
    return checkBinding(claims, bound, credentials)?.then(() => caller) ?? caller
  }
  try {
    const found = verifier.verify(text, credentials)
    const caller = isThenable(found) ? found.then(accept) : accept(found)
    return isThenable(caller) ? caller.then((accepted) => accepted, fail) : caller
  } catch (error) {
    return fail(error)
  }
}

/** Returns the problem for a token, and logs the reason, which the client must not learn. */
function toProblem(error: unknown, { scheme }: PresentedToken, { log }: Credentials): unknown {
  if (isIssuerUnavailable(error)) return withCause(Unavailable(), error)
  if (!(error instanceof TokenRefused)) return error
  const { message: reason, hasExpired, isProof, cause } = error
  log.info({ reason, ...(cause instanceof Error ? { cause: cause.message } : {}) }, 'access token refused')
  const detail = isProof
    ? 'The DPoP proof is invalid.'
    : `The access token ${hasExpired ? 'has expired' : 'is invalid'}.`
  if (scheme === 'bearer') return Unauthenticated({ detail })
  // RFC 9449 section 7.1.
  const code = isProof ? 'invalid_dpop_proof' : 'invalid_token'
  const challenge = `DPoP error="${code}", algs="${proofAlgorithms.join(' ')}"`
  return new ProblemError(Unauthenticated, { detail, extra: {}, headers: { 'www-authenticate': challenge } })
}

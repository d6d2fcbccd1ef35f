import type { Logger } from '../../kernel/base/log.ts'
import { ProblemError } from '../../kernel/problem/problem.ts'
import type { OpenIdClient } from './load-openid-client.ts'
import { ProviderRefused } from './problems.ts'
import { providerUnavailable } from './provider-unavailable.ts'

/**
 * Returns the problem of a failed exchange. Logs only codes: the errors of the library contain the
 * tokens, the claims and the parameters of the response.
 */
export function toExchangeProblem(
  error: unknown,
  {
    client,
    provider,
    log,
  }: { readonly client: OpenIdClient; readonly provider: string; readonly log: Logger },
): unknown {
  if (error instanceof ProblemError) return error
  if (error instanceof client.AuthorizationResponseError) return refused(readCode(error.error))
  if (error instanceof client.ResponseBodyError) {
    const code = readCode(error.error)
    // The code is wrong, expired or used. Anything else is a fault of the configuration or of the
    // provider, and a retry may succeed once it is fixed.
    if (error.status < 500 && code === 'invalid_grant') return refused(code)
    log.error({ provider, status: error.status, code }, 'provider refused the exchange of a code')
    return providerUnavailable(provider)
  }
  if (error instanceof client.ClientError && error.code !== undefined && !isOutage(error.code)) {
    log.warn({ provider, code: error.code, reason: error.message }, 'response of a provider refused')
    return refused('invalid_response')
  }
  const { name, code } = (error instanceof Error ? error : {}) as { name?: string; code?: string }
  log.warn({ provider, code: code ?? name ?? 'unknown' }, 'provider not reached')
  return providerUnavailable(provider)
}

/** The codes of failures that a retry may not have. */
const outages: ReadonlySet<string> = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
])

function isOutage(code: string): boolean {
  return outages.has(code)
}

function refused(reason: string): ProblemError {
  return ProviderRefused({ detail: `The provider answered: ${reason}.` })
}

/** Returns an error code (RFC 6749), which the response may have replaced with any text. */
function readCode(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : 'unknown_error'
}

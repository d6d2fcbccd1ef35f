import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { type Duration, toMilliseconds } from '../../kernel/base/duration.ts'
import type { Mode } from '../../kernel/host/service-host.ts'
import { defaultAlgorithms, isTokenAlgorithm } from './algorithms.ts'
import { findUrlIssue, isLoopbackUrl } from './issuer-url.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

const defaultTypes: readonly (string | undefined)[] = ['at+jwt']
const defaultSkew: Duration = '30s'
const maxSkew: Duration = '5m'
const defaultMaxAge: Duration = '24h'
const defaultStaleKeys: Duration = '24h'

/** An issuer with its defaults. */
export type CompleteIssuer = TrustedIssuer &
  Required<Pick<TrustedIssuer, 'algorithms' | 'types' | 'idPrefix'>> & {
    readonly audiences: readonly string[]
    readonly clockSkewMs: number
    readonly maxAgeMs: number
    readonly staleKeysMs: number
  }

/**
 * Returns the issuers with their defaults.
 *
 * @param mode `undefined` if it is not known yet.
 * @throws HoldfastError `configuration-invalid` that lists every issue.
 */
export function completeIssuers(
  issuers: readonly TrustedIssuer[],
  mode: Mode | undefined,
): readonly CompleteIssuer[] {
  const issues = [
    ...(issuers.length === 0 ? ['bearerTokens() has no issuers; list at least one'] : []),
    ...issuers.flatMap((issuer) =>
      findIssuerIssues(issuer, mode).map((issue) => `the issuer "${issuer.issuer}": ${issue}`),
    ),
    ...findPrefixIssues(issuers),
  ]
  if (issues.length > 0) throw configurationInvalid(issues)
  return issuers.map(complete)
}

function complete(issuer: TrustedIssuer): CompleteIssuer {
  const { audience, clockSkew = defaultSkew, maxAge = defaultMaxAge, staleKeys = defaultStaleKeys } = issuer
  return {
    algorithms: defaultAlgorithms,
    types: defaultTypes,
    idPrefix: '',
    ...issuer,
    audiences: audience === false ? [] : [audience].flat(),
    clockSkewMs: toMilliseconds(clockSkew, { option: 'clockSkew', allowsZero: true, max: maxSkew }),
    maxAgeMs: toMilliseconds(maxAge, { option: 'maxAge' }),
    staleKeysMs: toMilliseconds(staleKeys, { option: 'staleKeys' }),
  }
}

function findIssuerIssues(issuer: TrustedIssuer, mode: Mode | undefined): readonly string[] {
  const { audience, check, algorithms = defaultAlgorithms, types = defaultTypes } = issuer
  const audiences = audience === false ? [] : [audience].flat()
  const isEmpty = audiences.length === 0 || audiences.some((one) => typeof one !== 'string' || one === '')
  const issues = [
    ...findUrlIssues(issuer, mode),
    ...algorithms.filter((name) => !isTokenAlgorithm(name)).map(describeAlgorithm),
  ]
  if (audience !== false && isEmpty)
    issues.push('`audience` is empty, so tokens for other services would be accepted; set it to your name')
  if (audience === false && !check)
    issues.push('`audience` is false, so `check` has to check for which service a token is')
  if (algorithms.length === 0) issues.push('`algorithms` is empty, so every token would be refused')
  if (types.length === 0) issues.push('`types` is empty, so every token would be refused')
  if (issuer.keys && issuer.jwksUri !== undefined) issues.push('remove either `keys` or `jwksUri`')
  return issues
}

function findUrlIssues({ issuer, jwksUri, keys }: TrustedIssuer, mode: Mode | undefined): readonly string[] {
  const urls: readonly (readonly [string, string | undefined])[] = [
    ['its URL', issuer],
    ['`jwksUri`', jwksUri],
  ]
  const isFetched = keys === undefined
  return urls.flatMap(([name, url]) => {
    if (url === undefined) return []
    const issue = findUrlIssue(url)
    if (issue !== undefined) return [`${name} ${issue}`]
    return mode === 'production' && isFetched && isLoopbackUrl(url)
      ? [`${name} must use https in production`]
      : []
  })
}

/** Returns the issue of an unsupported algorithm. */
function describeAlgorithm(name: string): string {
  if (/^none$/i.test(name)) return 'the algorithm "none" means no signature; remove it from `algorithms`'
  return /^HS/i.test(name)
    ? `the algorithm ${name} needs a shared secret, with which every service could issue tokens; use an asymmetric algorithm`
    : `the algorithm "${name}" in \`algorithms\` is not supported`
}

/**
 * Subjects are unique only within an issuer, so without prefixes two users could have the same id.
 */
function findPrefixIssues(issuers: readonly TrustedIssuer[]): readonly string[] {
  const names = issuers.map(({ issuer }) => issuer)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  const mapped = issuers.filter(({ caller }) => !caller)
  const isAmbiguous = mapped.some(({ idPrefix = '' }, index) =>
    mapped.some((other, at) => at !== index && (other.idPrefix ?? '').startsWith(idPrefix)),
  )
  return [
    ...twice.map((name) => `the issuer "${name}" is listed twice; list all of its audiences in one entry`),
    ...(isAmbiguous
      ? [
          'subjects of several issuers can have the same id; give each issuer an `idPrefix` that is not the start of another one',
        ]
      : []),
  ]
}

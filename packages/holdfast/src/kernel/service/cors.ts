import { configurationInvalid } from '../base/configuration-invalid.ts'
import { type Duration, toMilliseconds } from '../base/duration.ts'
import type { Mode } from '../host/service-host.ts'

/** The origins of a CORS policy: a list, or `'*'` for every origin. */
export type CorsOrigins = '*' | readonly string[]

/**
 * Cross-origin resource sharing (CORS, Fetch standard section 3.3): the pages on other origins that
 * may read the responses of a service. `Values` is the type of the settings of the application.
 *
 * @example
 * ```ts
 * service({
 *   name: 'shop',
 *   operations: { listOrders },
 *   cors: { origins: ['https://app.example.com'], credentials: true },
 * })
 * ```
 */
export interface CorsDefinition<Values = unknown> {
  /**
   * The origins whose pages may read responses, exactly as browsers send them:
   * `['https://app.example.com']`. If origins differ between deployments, pass a function that
   * returns them from the settings. `'*'` admits every page, for a public API without cookies.
   */
  readonly origins: CorsOrigins | ((settings: Values) => CorsOrigins)
  /**
   * True if requests from these origins may include cookies. They then pass the check for [requests
   * from other sites](identity.md#requests-from-other-sites), so list only origins that you trust
   * as much as the service itself. Default false. Cannot be combined with `'*'`.
   */
  readonly credentials?: boolean
  /**
   * Time for which a browser may cache the response to a preflight request. Default `'2h'`, the max
   * of Chromium. Lower it if a removed origin must lose its access sooner.
   */
  readonly maxAge?: Duration
}

/** A validated {@link CorsDefinition} of a running service. */
export interface CorsPolicy {
  readonly origins: '*' | ReadonlySet<string>
  readonly credentials: boolean
  readonly maxAgeSeconds: number
}

/** Origins from which requests with cookies are admitted, besides the service's own origin. */
export function credentialedOrigins(policy: CorsPolicy | undefined): ReadonlySet<string> {
  return policy?.credentials && policy.origins !== '*' ? policy.origins : noOrigins
}

const noOrigins: ReadonlySet<string> = new Set()

/**
 * Returns the policy of a definition.
 *
 * @throws HoldfastError `configuration-invalid` that lists every invalid origin, and
 *   `duration-invalid`.
 */
export function readCors(
  { origins: given, credentials = false, maxAge = '2h' }: CorsDefinition<never>,
  settings: unknown,
  mode: Mode,
): CorsPolicy {
  const origins = typeof given === 'function' ? given(settings as never) : given
  const maxAgeSeconds = Math.floor(
    toMilliseconds(maxAge, { option: 'cors.maxAge', allowsZero: true, max: '1d' }) / 1_000,
  )
  const issues = findIssues(origins, { credentials, mode })
  if (issues.length > 0)
    throw configurationInvalid(issues.map((issue) => `\`cors\` of the service: ${issue}`))
  return { origins: origins === '*' ? '*' : new Set(origins), credentials, maxAgeSeconds }
}

interface OriginRules {
  readonly credentials: boolean
  readonly mode: Mode
}

function findIssues(origins: CorsOrigins, rules: OriginRules): readonly string[] {
  if (origins === '*') {
    return rules.credentials
      ? ['`credentials` cannot be combined with the origin "*"; list the origins that may send cookies']
      : []
  }
  if (!Array.isArray(origins)) return ['`origins` must be "*", or a list of origins']
  return origins.flatMap((origin) => findOriginIssue(origin, rules) ?? [])
}

function findOriginIssue(origin: string, { mode }: OriginRules): string | undefined {
  const url = URL.parse(origin)
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (!url || !isHttp || url.hostname.includes('*')) {
    return `the origin ${JSON.stringify(origin)} must have the form https://app.example.com, without wildcards`
  }
  if (url.origin !== origin) {
    return `the origin ${JSON.stringify(origin)} must be written as browsers send it: ${url.origin}`
  }
  if (mode === 'production' && url.protocol === 'http:' && !isLocalHost(url.hostname)) {
    return `the origin ${origin} must use https in production, because anyone on its network can change its pages`
  }
  return undefined
}

function isLocalHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^(?:127\.|\[::1\]$)/.test(hostname)
}

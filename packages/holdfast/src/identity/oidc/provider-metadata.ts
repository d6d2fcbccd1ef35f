import type { Clock } from '../../kernel/base/clock.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { type Logger, toLogFields } from '../../kernel/base/log.ts'
import { fetchJson } from '../tokens/fetch-json.ts'
import { isLoopbackUrl } from '../tokens/issuer-url.ts'
import { providerUnavailable } from './provider-unavailable.ts'

/** The metadata of a provider (OpenID Connect Discovery). */
export interface Metadata {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string
  readonly id_token_signing_alg_values_supported?: readonly string[]
}

/** The parts of a call that loads metadata. */
export interface MetadataContext {
  readonly clock: Clock
  readonly log: Logger
}

/** The age at which the metadata is loaded again, while calls use the loaded one. */
const refreshAgeMs = 3_600_000
/** The age from which the metadata is no longer used if loads fail. */
const staleAgeMs = 86_400_000
/** The min time between two loads. */
const cooldownMs = 10_000

/**
 * The metadata of a provider, loaded when a sign-in needs it, and again after an hour. While the
 * provider is down, the loaded metadata is used for a day. At most one load runs at a time.
 */
export class ProviderMetadata {
  readonly #provider: { readonly name: string; readonly issuer: string }
  #metadata: Metadata | undefined
  #loadedAtMs = Number.NEGATIVE_INFINITY
  #startedAtMs = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | undefined

  constructor(provider: { readonly name: string; readonly issuer: string }) {
    this.#provider = provider
  }

  /** @throws Unavailable if the provider is down, and has been for a day or since the start. */
  async get(context: MetadataContext): Promise<Metadata> {
    const age = (): number => context.clock.monotonicMs() - this.#loadedAtMs
    if (age() >= staleAgeMs) await this.#load(context)
    else if (age() >= refreshAgeMs) void this.#load(context)
    if (!this.#metadata || age() >= staleAgeMs) throw providerUnavailable(this.#provider.name)
    return this.#metadata
  }

  /** Loads the metadata, unless the last load has started less than 10 seconds ago. */
  #load({ clock, log }: MetadataContext): Promise<void> {
    if (this.#loading) return this.#loading
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#startedAtMs < cooldownMs) return Promise.resolve()
    this.#startedAtMs = nowMs
    this.#loading = this.#replace(nowMs, log).finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #replace(startedAtMs: number, log: Logger): Promise<void> {
    const { name, issuer } = this.#provider
    try {
      const given = await fetchJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
      this.#metadata = requireMetadata(given, issuer)
      this.#loadedAtMs = startedAtMs
    } catch (error) {
      log.warn({ provider: name, issuer, error: toLogFields(error) }, 'metadata of a provider not loaded')
    }
  }
}

const required = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const

function requireMetadata(given: unknown, issuer: string): Metadata {
  const metadata = (typeof given === 'object' && given !== null ? given : {}) as Readonly<
    Record<string, unknown>
  >
  // Otherwise, the metadata of a different issuer could be served at a path of this one.
  if (metadata['issuer'] !== issuer)
    throw metadataInvalid(issuer, `its "issuer" is ${JSON.stringify(metadata['issuer'])}`)
  const endpoints =
    metadata['userinfo_endpoint'] === undefined ? required : [...required, 'userinfo_endpoint']
  const wrong = endpoints.find((name) => !isEndpoint(metadata[name], issuer))
  if (wrong !== undefined) throw metadataInvalid(issuer, `its "${wrong}" is no https URL`)
  const algorithms = metadata['id_token_signing_alg_values_supported']
  if (algorithms !== undefined && !Array.isArray(algorithms))
    throw metadataInvalid(issuer, 'its "id_token_signing_alg_values_supported" is no list')
  return metadata as unknown as Metadata
}

/**
 * Returns true for an https URL; for a provider on this host, in tests, also for http on this host.
 */
function isEndpoint(given: unknown, issuer: string): boolean {
  if (typeof given !== 'string') return false
  const url = URL.parse(given)
  if (url?.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (isLoopbackUrl(issuer) && isLoopbackUrl(given))
}

function metadataInvalid(issuer: string, what: string): HoldfastError {
  return new HoldfastError('provider-metadata-invalid', `The metadata of ${issuer} is invalid: ${what}.`)
}

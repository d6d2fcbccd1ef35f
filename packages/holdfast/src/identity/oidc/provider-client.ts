import type { Configuration } from 'openid-client'
import { toMilliseconds } from '../../kernel/base/duration.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { Secret } from '../../platform/settings/secret.ts'
import { defaultAlgorithms } from '../tokens/algorithms.ts'
import { isLoopbackUrl } from '../tokens/issuer-url.ts'
import type { SignInSecrets } from './browser.ts'
import { toExchangeProblem } from './exchange-failure.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { loadOpenIdClient, type OpenIdClient } from './load-openid-client.ts'
import { providerFetch, requestTimeoutSeconds } from './provider-fetch.ts'
import { type ProviderIdentity, toIdentity } from './provider-identity.ts'
import { type Metadata, type MetadataContext, ProviderMetadata } from './provider-metadata.ts'

/** The application, as the provider knows it. */
export interface ProviderCredentials {
  readonly clientId: string
  readonly clientSecret: string | undefined
}

/** A sign-in whose URL is built. */
export interface AuthorizationRequest extends SignInSecrets {
  readonly state: string
  /** True if the user has to enter their credentials again. */
  readonly reauthenticates: boolean
}

/** A sign-in whose code is exchanged. */
export interface AuthorizationResponse extends AuthorizationRequest {
  /** The query of the URL to which the provider redirected. */
  readonly response: string
  /** The time since the sign-in was begun, in seconds. */
  readonly elapsedSeconds: number
}

const maxSubjectLength = 255

/**
 * The application as a client of one provider: builds the URL of a sign-in, and exchanges the code
 * for an identity. The library checks the response (state, issuer) and the ID token (signature,
 * algorithm, issuer, audience, authorized party, nonce, times).
 */
export class ProviderClient<Values> {
  readonly #provider: IdentityProvider<Values>
  readonly #redirectUri: string
  readonly #maxAgeSeconds: number | undefined
  readonly #metadata: ProviderMetadata
  /** The configurations of the library, which contain the cached keys of the provider. */
  readonly #configurations = new WeakMap<Metadata, Map<string, Configuration>>()

  constructor(provider: IdentityProvider<Values>, redirectUri: string) {
    this.#provider = provider
    this.#redirectUri = redirectUri
    this.#metadata = new ProviderMetadata(provider)
    this.#maxAgeSeconds =
      provider.maxAge === undefined
        ? undefined
        : Math.floor(
            toMilliseconds(provider.maxAge, { option: `maxAge of the provider ${provider.name}` }) / 1_000,
          )
  }

  get provider(): IdentityProvider<Values> {
    return this.#provider
  }

  /** Returns the credentials of the application at the provider. */
  credentialsOf(settings: Values): ProviderCredentials {
    const { clientId, clientSecret } = this.#provider
    const secret = typeof clientSecret === 'function' ? clientSecret(settings) : clientSecret
    return {
      clientId: typeof clientId === 'function' ? clientId(settings) : clientId,
      clientSecret: secret instanceof Secret ? secret.reveal() : secret,
    }
  }

  /**
   * Returns the URL at the provider to which the browser goes.
   *
   * @throws Unavailable if the provider is down.
   */
  async authorizationUrl(
    { state, verifier, nonce, reauthenticates }: AuthorizationRequest,
    credentials: ProviderCredentials,
    context: MetadataContext,
  ): Promise<string> {
    const client = await loadOpenIdClient()
    const configuration = await this.#configure(client, credentials, context)
    const { scopes = ['openid', 'email'], parameters } = this.#provider
    const maxAge = reauthenticates ? 0 : this.#maxAgeSeconds
    return client.buildAuthorizationUrl(configuration, {
      ...parameters,
      ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
      redirect_uri: this.#redirectUri,
      scope: scopes.join(' '),
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).href
  }

  /**
   * Exchanges the code in a response for the identity of the user.
   *
   * @throws ProviderRefused if the response or the ID token is invalid.
   * @throws Unavailable if the provider is down.
   */
  async exchange(
    request: AuthorizationResponse,
    credentials: ProviderCredentials,
    context: MetadataContext,
  ): Promise<ProviderIdentity> {
    const client = await loadOpenIdClient()
    try {
      const configuration = await this.#configure(client, credentials, context)
      return await this.#exchange(client, configuration, request)
    } catch (error) {
      throw toExchangeProblem(error, { client, provider: this.#provider.name, log: context.log })
    }
  }

  async #exchange(
    client: OpenIdClient,
    configuration: Configuration,
    { response, state, verifier, nonce, reauthenticates, elapsedSeconds }: AuthorizationResponse,
  ): Promise<ProviderIdentity> {
    const url = new URL(this.#redirectUri)
    url.search = response
    const maxAge = reauthenticates ? 0 : this.#maxAgeSeconds
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
      // The time at the provider's pages counts as well.
      ...(maxAge === undefined ? {} : { maxAge: maxAge + Math.ceil(elapsedSeconds) }),
    })
    const claims = tokens.claims()
    const subject = claims?.sub ?? ''
    if (!claims || subject.length > maxSubjectLength || !/^[\x20-\x7e]+$/.test(subject))
      throw new client.ClientError('the subject is invalid', { code: 'OAUTH_INVALID_RESPONSE' } as never)
    const { userinfo_endpoint: endpoint } = configuration.serverMetadata()
    const isShort = claims['email'] === undefined && endpoint !== undefined
    const info = isShort ? await client.fetchUserInfo(configuration, tokens.access_token, subject) : {}
    // The claims of the ID token are signed, so they have precedence.
    return toIdentity({ ...info, ...claims }, this.#provider)
  }

  /** Returns the configuration of the library. It keeps the keys of the provider for 5 minutes. */
  async #configure(
    client: OpenIdClient,
    { clientId, clientSecret }: ProviderCredentials,
    context: MetadataContext,
  ): Promise<Configuration> {
    const metadata = await this.#metadata.get(context)
    const known = this.#configurations.get(metadata) ?? new Map<string, Configuration>()
    this.#configurations.set(metadata, known)
    const key = JSON.stringify([clientId, clientSecret])
    const configuration = known.get(key) ?? this.#create(client, metadata, { clientId, clientSecret })
    known.set(key, configuration)
    return configuration
  }

  #create(
    client: OpenIdClient,
    metadata: Metadata,
    { clientId, clientSecret }: ProviderCredentials,
  ): Configuration {
    const { algorithms = defaultAlgorithms, clientAuthentication = 'basic', name } = this.#provider
    const supported = metadata.id_token_signing_alg_values_supported ?? ['RS256']
    const allowed = algorithms.filter((algorithm) => supported.includes(algorithm))
    if (allowed.length === 0)
      throw new HoldfastError(
        'provider-metadata-invalid',
        `The provider ${name} signs ID tokens with ${supported.join(', ')}, none of which is allowed. Set \`algorithms\`.`,
      )
    const authentication =
      clientSecret === undefined
        ? client.None()
        : (clientAuthentication === 'basic' ? client.ClientSecretBasic : client.ClientSecretPost)(
            clientSecret,
          )
    const configuration = new client.Configuration(
      { ...metadata, id_token_signing_alg_values_supported: allowed } as never,
      clientId,
      clientSecret,
      authentication,
    )
    // The signature of the ID token is verified, although the token arrives over TLS.
    client.enableNonRepudiationChecks(configuration)
    if (isLoopbackUrl(this.#provider.issuer)) client.allowInsecureRequests(configuration)
    configuration[client.customFetch] = providerFetch
    configuration.timeout = requestTimeoutSeconds
    return configuration
  }
}

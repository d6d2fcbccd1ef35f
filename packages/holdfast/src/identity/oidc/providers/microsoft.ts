import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'
import type { IdentityProvider } from '../identity-provider.ts'
import type { ProviderPresetOptions } from './preset.ts'

/** Options of {@link microsoft}. */
export interface MicrosoftOptions<Values> extends ProviderPresetOptions<Values> {
  /**
   * The id of the tenant, a UUID. `common`, `organizations` and `consumers` are refused: their
   * metadata names no issuer.
   */
  readonly tenant: string
}

/**
 * Returns one tenant of Microsoft Entra ID as a provider. An administrator of a tenant can set any
 * address of a user, so addresses are not trusted: a mail verifies them. If all addresses of your
 * own tenant are managed by you, pass `ownsEmail`.
 *
 * @throws HoldfastError `configuration-invalid` if `tenant` is not a UUID.
 *
 * @example
 * ```ts
 * signInWith(auth, {
 *   pages: {
 *     callback: 'https://app.example.com/sign-in/{provider}',
 *     verifyEmail: 'https://app.example.com/verify-sign-in',
 *   },
 *   providers: [
 *     microsoft({ tenant: '7c0e1a5a-7f0a-4c3e-9a55-0f2f6d2f9a11', clientId: 'shop' }),
 *   ],
 * })
 * ```
 */
export function microsoft<Values>({
  tenant,
  ...options
}: MicrosoftOptions<Values>): IdentityProvider<Values> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant))
    throw configurationInvalid([
      `the tenant of microsoft is ${JSON.stringify(tenant)}; set it to the id of one tenant, a UUID`,
    ])
  return {
    name: 'microsoft',
    issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
    algorithms: ['RS256'],
    clientAuthentication: 'post',
    ...options,
  }
}

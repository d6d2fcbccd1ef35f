import type { IdentityProvider } from '../identity-provider.ts'
import type { ProviderPresetOptions } from './preset.ts'

/**
 * Returns Google as a provider. Google decides who owns the addresses of `gmail.com`, and those of
 * a Google Workspace (the claim `hd`). The address of any other Google account may belong to
 * another person by now, so a mail verifies it.
 *
 * Register the page `callback` as an authorized redirect URI of an OAuth client of the type "Web
 * application".
 *
 * @example
 * ```ts
 * signInWith(auth, {
 *   pages: {
 *     callback: 'https://app.example.com/sign-in/{provider}',
 *     verifyEmail: 'https://app.example.com/verify-sign-in',
 *   },
 *   providers: [google({ clientId: '1234.apps.googleusercontent.com', clientSecret: 'secret' })],
 * })
 * ```
 */
export function google<Values>(options: ProviderPresetOptions<Values>): IdentityProvider<Values> {
  return {
    name: 'google',
    issuer: 'https://accounts.google.com',
    algorithms: ['RS256'],
    clientAuthentication: 'post',
    ownsEmail: ({ email, hd }) =>
      typeof email === 'string' && (/@gmail\.com$/i.test(email) || isDomainOf(email, hd)),
    ...options,
  }
}

function isDomainOf(email: string, domain: unknown): boolean {
  return typeof domain === 'string' && email.toLowerCase().endsWith(`@${domain.toLowerCase()}`)
}

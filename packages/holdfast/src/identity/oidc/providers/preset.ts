import type { IdentityProvider } from '../identity-provider.ts'

/** Options of a provider whose issuer is known. They replace those of the preset. */
export interface ProviderPresetOptions<Values>
  extends
    Pick<IdentityProvider<Values>, 'clientId' | 'clientSecret'>,
    Partial<Omit<IdentityProvider<Values>, 'clientId' | 'clientSecret' | 'issuer'>> {}

import type { AccountParts } from '../accounts/account-parts.ts'
import { ProviderUnknown } from './problems.ts'
import type { ProviderClient } from './provider-client.ts'
import type { ProviderMails } from './provider-mails.ts'
import type { ReturnPaths } from './return-paths.ts'

/** The parts that the operations of sign-in with providers share. */
export interface SignInParts<Read, Write, Values> extends AccountParts<Read, Write, Values> {
  readonly clients: ReadonlyMap<string, ProviderClient<Values>>
  readonly returnPaths: ReturnPaths
  readonly providerMails: ProviderMails<Values>
  /** The lifetime of an identity whose address is not verified. */
  readonly verificationMs: number
}

/** @throws ProviderUnknown if there is no provider with this name. */
export function requireClient<Values>(
  { clients }: { readonly clients: ReadonlyMap<string, ProviderClient<Values>> },
  name: string,
): ProviderClient<Values> {
  const client = clients.get(name)
  if (!client) throw ProviderUnknown()
  return client
}

import type { AccountParts } from '../accounts/account-parts.ts'

/** The parts that the operations of passkeys share. */
export interface PasskeyParts extends AccountParts<unknown, unknown, unknown> {
  /** The domain that passkeys belong to: `example.com`. */
  readonly domain: string
  /** The name of the service that authenticators show. */
  readonly serviceName: string
  /** The origins of the pages that may use passkeys. */
  readonly origins: readonly string[]
}

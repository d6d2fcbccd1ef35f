import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { rejectAddress } from './reject-address.ts'

/** Resolves a host name to its addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

/** The allowed destinations of requests. */
export interface EgressRules {
  /**
   * Hosts that may have any address, such as `localhost` or `localhost:4000`. Other hosts must have
   * public addresses only.
   */
  readonly allowedHosts: readonly string[]
  /** Resolves host names. Default: the resolver of the operating system. */
  readonly resolve?: Resolve
}

/** Returns true if the host of a URL is allowed regardless of its address. */
export function isAllowedHost(url: URL, allowedHosts: readonly string[]): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return allowedHosts.includes(url.hostname) || allowedHosts.includes(`${url.hostname}:${port}`)
}

/**
 * Resolves the host of a URL once, and rejects it if any of its addresses is not on the public
 * internet.
 *
 * @throws HoldfastError `egress-refused`, or `egress-failed` if the host has no address.
 */
export async function findAddresses(url: URL, rules: EgressRules): Promise<readonly string[]> {
  const addresses = await resolveHost(url, rules.resolve ?? resolveBySystem)
  if (isAllowedHost(url, rules.allowedHosts)) return addresses
  const refusal = addresses.map(rejectAddress).find((found) => found !== undefined)
  if (refusal === undefined) return addresses
  // The message omits the address. The user who configured the host may read the message, and must
  // not learn the addresses behind a firewall.
  throw new HoldfastError(
    'egress-refused',
    `${url.hostname} resolves to ${refusal}. Only public addresses are allowed; add the host to \`allowedHosts\` if it is yours.`,
  )
}

async function resolveHost({ hostname }: URL, resolve: Resolve): Promise<readonly string[]> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(literal) !== 0) return [literal]
  let addresses: readonly string[]
  try {
    addresses = await resolve(hostname)
  } catch (cause) {
    throw new HoldfastError('egress-failed', `The host ${hostname} was not found.`, { cause })
  }
  if (addresses.length === 0) throw new HoldfastError('egress-failed', `The host ${hostname} has no address.`)
  return addresses
}

async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

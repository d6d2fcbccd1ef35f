import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { HoldfastError } from '../kernel/holdfast-error.ts'
import { refuseAddress } from './refuse-address.ts'

/** Finds the addresses of a host by its name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

/** Where requests may go. */
export interface EgressRules {
  /** Hosts that may have any address, as `localhost` or `localhost:4000`. Every other one has to have public addresses only. */
  readonly allowedHosts: readonly string[]
  /** Default: what the operating system finds. */
  readonly resolve?: Resolve
}

/** Whether a host was declared to be one that requests may go to whatever its address is. */
export function isAllowedHost(url: URL, allowedHosts: readonly string[]): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return allowedHosts.includes(url.hostname) || allowedHosts.includes(`${url.hostname}:${port}`)
}

/**
 * Finds the addresses of a URL's host, once, and refuses it where one of them is not of the public internet.
 *
 * @throws HoldfastError `egress-refused`, or `egress-failed` where it has none.
 */
export async function findAddresses(url: URL, rules: EgressRules): Promise<readonly string[]> {
  const addresses = await resolveHost(url, rules.resolve ?? resolveBySystem)
  if (isAllowedHost(url, rules.allowedHosts)) return addresses
  const refusal = addresses.map(refuseAddress).find((found) => found !== undefined)
  if (refusal === undefined) return addresses
  // The address is not told: whoever named the host may read this, and is not to learn what is behind a firewall.
  throw new HoldfastError(
    'egress-refused',
    `${url.hostname} leads to ${refusal}. Requests go to public addresses only; declare the host in \`allowedHosts\` if it is one of yours.`,
  )
}

async function resolveHost({ hostname }: URL, resolve: Resolve): Promise<readonly string[]> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(literal) !== 0) return [literal]
  let addresses: readonly string[]
  try {
    addresses = await resolve(hostname)
  } catch (cause) {
    throw new HoldfastError('egress-failed', `The name ${hostname} was not found.`, { cause })
  }
  if (addresses.length === 0) throw new HoldfastError('egress-failed', `The name ${hostname} has no address.`)
  return addresses
}

async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

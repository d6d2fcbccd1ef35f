import ipaddr from 'ipaddr.js'

// Addresses in public ranges that clouds use for internal services, such as metadata.
const platformAddresses = new Set(['168.63.129.16'])

/**
 * The IPv6 range that contains all public addresses
 * (https://www.iana.org/assignments/ipv6-address-space).
 */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Returns the reason why no request may go to an address: the address is private, loopback,
 * link-local (where clouds serve their metadata), shared, multicast, for documentation, or an IPv4
 * address embedded in IPv6. Returns `undefined` for an address on the public internet.
 */
export function rejectAddress(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return 'no address'
  const parsed = ipaddr.parse(address)
  const range = parsed.range()
  if (range !== 'unicast') return `a ${range} address`
  if (parsed.kind() === 'ipv6' && !parsed.match(globalUnicast)) return 'an address outside of 2000::/3'
  return platformAddresses.has(parsed.toString()) ? 'a cloud metadata address' : undefined
}

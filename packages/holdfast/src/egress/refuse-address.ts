import ipaddr from 'ipaddr.js'

// What clouds answer their own machines with, under addresses that look public.
const platformAddresses = new Set(['168.63.129.16'])

/** All that is routed on the public internet is in here (https://www.iana.org/assignments/ipv6-address-space). */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Says what an address is that no request may go to: private, loopback, link-local (where clouds keep their metadata), shared, multicast,
 * for documentation, or another's address in the form of IPv6. `undefined` where it is one of the public internet.
 */
export function refuseAddress(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return 'no address'
  const parsed = ipaddr.parse(address)
  const range = parsed.range()
  if (range !== 'unicast') return `a ${range} address`
  if (parsed.kind() === 'ipv6' && !parsed.match(globalUnicast)) return 'an address outside of 2000::/3'
  return platformAddresses.has(parsed.toString()) ? 'an address of the cloud itself' : undefined
}

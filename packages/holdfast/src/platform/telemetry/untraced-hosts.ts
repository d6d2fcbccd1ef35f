import { invalid } from './variables.ts'

// A name or an IPv4 address, or an IPv6 address.
const form = /^(?:(?:\*\.)?[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*|[0-9a-f]*(?::[0-9a-f.]*){2,})$/

/**
 * Reads the option `untracedHosts`: host names, or `*.` and a domain for all of its subdomains.
 * Returns a function that tests whether a host in lower case is one of them.
 *
 * @throws HoldfastError `configuration-invalid` if an entry has a different form, such as a URL.
 */
export function readUntracedHosts(hosts: readonly string[] = []): (host: string) => boolean {
  const names = new Set<string>()
  const suffixes: string[] = []
  for (const host of hosts.map((each) => each.toLowerCase())) {
    if (!form.test(host)) {
      throw invalid(
        `The option untracedHosts of telemetry contains ${JSON.stringify(host)}; expected a host name or a wildcard domain, such as api.example.com or *.example.com.`,
      )
    }
    if (host.startsWith('*.')) suffixes.push(host.slice(1))
    else names.add(host)
  }
  return (host) => names.has(host) || suffixes.some((suffix) => host.endsWith(suffix))
}

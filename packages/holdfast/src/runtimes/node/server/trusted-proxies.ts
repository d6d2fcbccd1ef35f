import { BlockList, isIP } from 'node:net'
import { configurationInvalid } from '../../../kernel/base/configuration-invalid.ts'

/*
 * The address of a client behind proxies. Each proxy appends the address of its own client to
 * `X-Forwarded-For`, so only the last entries can be trusted:
 *
 *   X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.2        connection from 10.0.0.1
 *                    └ forged └ client     └─ trusted ◀──── trusted: read the entry before it
 *
 * The walk starts at the connection and ends at the first address that is not a trusted proxy.
 */

/** The proxies whose `X-Forwarded-For` is trusted. */
export class TrustedProxies {
  readonly #ranges = new BlockList()
  readonly #isEmpty: boolean

  /**
   * `ranges` are addresses and CIDR ranges: `10.0.0.0/8`, `::1`.
   *
   * @throws HoldfastError `configuration-invalid` that names each invalid range.
   */
  constructor(ranges: readonly string[]) {
    const issues = ranges.flatMap((range) => this.#add(range) ?? [])
    if (issues.length > 0) throw configurationInvalid(issues)
    this.#isEmpty = ranges.length === 0
  }

  /**
   * Returns the address of a client. `undefined` if it is unknown: the connection has been lost, or
   * a trusted proxy reports an invalid address.
   */
  clientOf(connected: string | undefined, forwardedFor: string | undefined): string | undefined {
    let address = addressIn(connected ?? '')
    if (this.#isEmpty || forwardedFor === undefined) return address
    const entries = forwardedFor.split(',')
    while (address !== undefined && entries.length > 0 && this.#trusts(address))
      address = addressIn(entries.pop()!)
    return address
  }

  /** Returns true if a connection comes from a trusted proxy. */
  isTrusted(connected: string | undefined): boolean {
    const address = addressIn(connected ?? '')
    return address !== undefined && this.#trusts(address)
  }

  #trusts(address: string): boolean {
    return this.#ranges.check(address, familyOf(address))
  }

  /** Adds a range; returns the issue of an invalid one. */
  #add(range: string): string | undefined {
    const [address = '', bits, ...rest] = range.split('/')
    const family = isIP(address)
    const length = bits === undefined ? undefined : Number(bits)
    const maxLength = family === 4 ? 32 : 128
    const isLength = length === undefined || (/^\d{1,3}$/.test(bits!) && length <= maxLength)
    if (family === 0 || !isLength || rest.length > 0) {
      return `The trusted proxy "${range}" (option trustedProxies or variable TRUSTED_PROXIES) is neither an IP address nor a range such as 10.0.0.0/8.`
    }
    if (length === 0) {
      return `The trusted proxies (option trustedProxies or variable TRUSTED_PROXIES) contain ${range}, which is every address, so each client could choose its own address. List the addresses of the proxies.`
    }
    if (length === undefined) this.#ranges.addAddress(address, familyOf(address))
    else this.#ranges.addSubnet(address, length, familyOf(address))
    return undefined
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6'
}

// Some proxies append the port of their client. An IPv6 address with a port has brackets.
const withPort = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/
// An IPv4 address mapped to IPv6: 203.0.113.7 is ::ffff:cb00:7107.
const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/

/**
 * Returns the address in an entry, in its canonical form (RFC 5952); `undefined` if there is none.
 */
function addressIn(entry: string): string | undefined {
  const text = entry.trim()
  const match = withPort.exec(text)
  const address = match?.[1] ?? match?.[2] ?? text
  if (isIP(address) !== 6) return isIP(address) === 4 ? address : undefined
  // A URL contains no zone.
  const [unzoned, zone] = address.split('%')
  const short = new URL(`http://[${unzoned}]`).hostname.slice(1, -1)
  const [, high, low] = mapped.exec(short) ?? []
  if (high !== undefined && low !== undefined) return toDotted(high, low)
  return zone === undefined ? short : `${short}%${zone}`
}

function toDotted(high: string, low: string): string {
  const bytes = [high, low].flatMap((hex) => [Number.parseInt(hex, 16) >> 8, Number.parseInt(hex, 16) & 255])
  return bytes.join('.')
}

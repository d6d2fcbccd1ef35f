import type { IncomingMessage } from 'node:http'
import type { ProblemError } from '../../kernel/problem.ts'
import { BadRequest } from '../../kernel/problems.ts'

// A name or an address, and a port: no user, path, blank or list (RFC 9112 section 3.2).
const form = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(?::\d{1,5})?$/

/** What is wrong with a request's `Host`, by which a proxy in front may have chosen the service: nothing, or a problem. */
export function checkHost(incoming: IncomingMessage): ProblemError | undefined {
  const hosts = hostsOf(incoming)
  const [host] = hosts
  if (host === undefined) {
    return incoming.httpVersion === '1.0'
      ? undefined
      : BadRequest({ detail: 'The request has no Host header.' })
  }
  if (hosts.length > 1) return BadRequest({ detail: 'The request has more than one Host header.' })
  return form.test(host) ? undefined : BadRequest({ detail: 'The Host header is not one host and port.' })
}

function hostsOf({ rawHeaders }: IncomingMessage): readonly string[] {
  const hosts: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts.push(rawHeaders[index + 1]!)
  }
  return hosts
}

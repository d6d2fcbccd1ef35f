import { isIP } from 'node:net'
import type { Mode } from '../../kernel/host/service-host.ts'
import { isAllowedHost } from '../../platform/egress/find-addresses.ts'
import { rejectAddress } from '../../platform/egress/reject-address.ts'
import { WebhookUrlInvalid } from './problems.ts'

/** Rules for the URLs of endpoints. */
export interface UrlRules {
  /** Default: true outside production. */
  readonly allowHttp?: boolean | undefined
  readonly allowedHosts: readonly string[]
}

const maxUrlLength = 2_048

/**
 * Validates the URL of an endpoint, and returns its normalized form. The addresses of its host are
 * resolved and checked on each delivery. Throws `WebhookUrlInvalid`.
 */
export function readEndpointUrl(text: string, rules: UrlRules, mode: Mode): string {
  const { allowHttp = mode !== 'production', allowedHosts } = rules
  const url = URL.parse(text)
  if (!url) throw WebhookUrlInvalid({ detail: 'The URL is not absolute.' })
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:'))
    throw WebhookUrlInvalid({ detail: 'The URL must begin with https.' })
  if (url.username !== '' || url.password !== '')
    throw WebhookUrlInvalid({ detail: 'The URL contains a user name or a password.' })
  if (url.href.includes('#')) throw WebhookUrlInvalid({ detail: 'The URL contains a fragment.' })
  if (url.href.length > maxUrlLength)
    throw WebhookUrlInvalid({ detail: `The URL is longer than ${maxUrlLength} characters.` })
  if (!isAllowedHost(url, allowedHosts) && isPrivate(url.hostname))
    throw WebhookUrlInvalid({ detail: 'The host of the URL is not on the public internet.' })
  return url.href
}

/** Returns whether a host name is private, as far as this can be determined without DNS. */
function isPrivate(hostname: string): boolean {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(literal) !== 0) return rejectAddress(literal) !== undefined
  return /(?:^|\.)localhost\.?$/.test(hostname)
}

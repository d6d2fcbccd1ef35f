import { isIP } from 'node:net'
import { isAllowedHost } from '../egress/find-addresses.ts'
import { refuseAddress } from '../egress/refuse-address.ts'
import { WebhookUrlInvalid } from './problems.ts'

/** Which URLs an endpoint may have. */
export interface UrlRules {
  readonly allowHttp: boolean
  readonly allowedHosts: readonly string[]
}

const longestUrl = 2_048

/**
 * Reads the URL of an endpoint, in its one spelling. Where its host leads is found out each time that something is sent. Throws
 * `WebhookUrlInvalid`.
 */
export function readEndpointUrl(text: string, { allowHttp, allowedHosts }: UrlRules): string {
  const url = URL.parse(text)
  if (!url) throw WebhookUrlInvalid({ detail: 'It is not an absolute URL.' })
  if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:'))
    throw WebhookUrlInvalid({ detail: 'It has to begin with https.' })
  if (url.username !== '' || url.password !== '')
    throw WebhookUrlInvalid({ detail: 'It has a user name or a password in it.' })
  if (url.href.includes('#')) throw WebhookUrlInvalid({ detail: 'It has a fragment.' })
  if (url.href.length > longestUrl)
    throw WebhookUrlInvalid({ detail: `It has more than ${longestUrl} characters.` })
  if (!isAllowedHost(url, allowedHosts) && isPrivate(url.hostname))
    throw WebhookUrlInvalid({ detail: 'Its host is not on the public internet.' })
  return url.href
}

/** Whether that can be seen without asking anybody. */
function isPrivate(hostname: string): boolean {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(literal) !== 0) return refuseAddress(literal) !== undefined
  return /(?:^|\.)localhost\.?$/.test(hostname)
}

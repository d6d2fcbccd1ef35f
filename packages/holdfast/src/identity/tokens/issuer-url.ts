/**
 * Returns the issue of an issuer's URL. Keys that arrive over http could be replaced on the way.
 * Loopback addresses may use http, for development and tests.
 */
export function findUrlIssue(text: string): string | undefined {
  const url = URL.parse(text)
  if (!url) return 'is not a URL'
  if (url.username !== '' || url.password !== '') return 'must not contain credentials'
  if (url.protocol === 'https:' || isLoopbackHttp(url)) return undefined
  return 'must use https'
}

/** Returns true for http on a loopback address, which is valid only outside production. */
export function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && isLoopbackHttp(url)
}

function isLoopbackHttp({ protocol, hostname }: URL): boolean {
  return (
    protocol === 'http:' && (hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.'))
  )
}

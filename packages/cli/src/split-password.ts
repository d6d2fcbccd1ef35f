import { parseDatabaseUrl } from 'holdfast/postgres'

/** The address of a database, with the password separated. */
export interface SplitUrl {
  /** The URL without a password. */
  readonly url: string
  readonly password: string | undefined
}

/**
 * Removes the password from a database URL, everywhere Postgres clients look for one.
 */
export function splitPassword(given: string): SplitUrl {
  // The caller has checked the URL.
  const url = parseDatabaseUrl(given)!
  // If both are set, clients use the parameter.
  const password = url.searchParams.get('password') || decodeURIComponent(url.password)
  url.password = ''
  url.searchParams.delete('password')
  // Deleting a parameter rewrites spaces as "+", which libpq reads as a plus sign.
  url.search = url.search.replaceAll('+', '%20')
  return { url: url.href, password: password === '' ? undefined : password }
}

/**
 * Returns a database URL without its password and the passphrase of its client key; `undefined` if
 * it has neither.
 */
export function hideSecrets(given: string): string | undefined {
  const { url, password } = splitPassword(given)
  const shown = new URL(url)
  const hasPassphrase = shown.searchParams.has('sslpassword')
  if (password === undefined && !hasPassphrase) return undefined
  if (hasPassphrase) shown.searchParams.delete('sslpassword')
  shown.search = shown.search.replaceAll('+', '%20')
  return shown.href
}

import { parseDatabaseUrl } from 'holdfast/postgres'

/** The address of a database, with the password separated. */
export interface SplitUrl {
  /** The URL without a password. */
  readonly url: string
  readonly password: string | undefined
}

/**
 * Removes the password from the address of a database, in every part from which Postgres clients
 * read a password.
 */
export function splitPassword(given: string): SplitUrl {
  // The caller has checked the URL.
  const url = parseDatabaseUrl(given)!
  const parameter = url.searchParams.get('password')
  const password = url.password === '' ? parameter : decodeURIComponent(url.password)
  if (password === null) return { url: url.href, password: undefined }
  url.password = ''
  url.searchParams.delete('password')
  return { url: url.href, password }
}

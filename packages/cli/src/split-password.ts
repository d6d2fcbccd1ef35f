/** The address of a database, taken apart. */
export interface SplitUrl {
  /** Without any password. */
  readonly url: string
  readonly password: string | undefined
}

/** Takes the password out of the address of a database, from wherever Postgres' clients look for one. */
export function splitPassword(given: string): SplitUrl {
  const url = new URL(given)
  const parameter = url.searchParams.get('password')
  const password = url.password === '' ? parameter : decodeURIComponent(url.password)
  if (password === null) return { url: given, password: undefined }
  url.password = ''
  url.searchParams.delete('password')
  return { url: url.href, password }
}

import type { Cookies } from './credentials.ts'

/** The cookies of a request, parsed on first use. */
export class RequestCookies implements Cookies {
  readonly #header: (name: string) => string | undefined
  #values: ReadonlyMap<string, string | undefined> | undefined

  constructor(header: (name: string) => string | undefined) {
    this.#header = header
  }

  get(name: string): string | undefined {
    this.#values ??= parseCookies(this.#header('cookie') ?? '')
    return this.#values.get(name)
  }
}

/**
 * Parses the `Cookie` header (RFC 6265 section 4.2.1): names with their values, as sent. If a name
 * occurs more than once, its value is `undefined`. Parts without a name are ignored.
 */
function parseCookies(text: string): ReadonlyMap<string, string | undefined> {
  const values = new Map<string, string | undefined>()
  for (const part of text.split(';')) {
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(0, equals)).trim()
    if (name === '') continue
    values.set(name, values.has(name) ? undefined : part.slice(equals + 1).trim())
  }
  return values
}

import { HoldfastError } from '../base/holdfast-error.ts'
import { type Duration, toMilliseconds } from '../base/duration.ts'
import { isToken } from './http-token.ts'

/** Options of {@link cookie}. */
export interface CookieOptions {
  /**
   * The time after which the browser deletes the cookie, in whole seconds; at most 400 days, the
   * max in browsers. Default: until the browser is closed.
   */
  readonly maxAge?: Duration
  /**
   * The cross-site requests that include the cookie. `'lax'`: only when the user follows a link.
   * `'strict'`: none. `'none'`: all. Default `'lax'`.
   */
  readonly sameSite?: 'lax' | 'strict' | 'none'
  /** True if the page's scripts cannot read the cookie. Default true. */
  readonly httpOnly?: boolean
  /**
   * True if the browser sends the cookie only over https, and to `localhost`. Default true.
   */
  readonly secure?: boolean
  /** The path under which the browser sends the cookie. Default `'/'`. */
  readonly path?: `/${string}`
  /**
   * The domain whose hosts receive the cookie. Default: only the host that set it. Set it only if
   * you trust all hosts of the domain, because each of them can read and replace the cookie.
   */
  readonly domain?: string
  /**
   * True if the browser keeps a separate cookie for each site that embeds this one (CHIPS). Default
   * false.
   */
  readonly partitioned?: boolean
}

/** A cookie that responses can set (RFC 6265). Create it with {@link cookie}. */
export interface Cookie {
  readonly name: string
  /**
   * Returns the field that sets the cookie, for {@link respond}.
   *
   * @param value printable ASCII without spaces, quotes, commas, semicolons and backslashes, such
   * as base64url.
   * @throws HoldfastError `cookie-invalid` for any other value, or one that is too long for
   * browsers.
   */
  set(value: string): SetCookie
  /** Returns the field that deletes the cookie. */
  clear(): SetCookie
}

/** A `Set-Cookie` field. Its text is not shown in logs. */
export class SetCookie {
  readonly cookie: Cookie
  readonly #text: string

  constructor(cookie: Cookie, text: string) {
    this.cookie = cookie
    this.#text = text
  }

  /** Returns the field's value as sent: `__Host-session=…; Path=/; …`. */
  toHeader(): string {
    return this.#text
  }
}

// RFC 6265 section 4.1.1: `cookie-octet`.
const valueForm = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
const attributeForm = /^[\x20-\x3a\x3c-\x7e]+$/
// Browsers ignore a cookie if its name and value together are longer.
const maxBytes = 4096

/**
 * Declares a cookie with secure defaults: only over https, hidden from scripts, and not sent with
 * requests from other sites. List it in `cookies` of the operations that set it.
 *
 * The prefix `__Host-` in a name makes browsers reject the cookie unless it is secure and was set
 * by this host itself. Use it for all cookies that identify a caller, because other hosts of the
 * domain can otherwise set a cookie with the same name.
 *
 * @throws HoldfastError `cookie-invalid` if browsers would reject the cookie.
 *
 * @example
 * ```ts
 * const theme = cookie('theme', { maxAge: '365d', httpOnly: false })
 *
 * mutation({
 *   route: 'PUT /theme',
 *   access: anyone('visitors choose a theme too'),
 *   input: z.object({ name: z.enum(['light', 'dark']) }),
 *   cookies: [theme],
 *   run: ({ input }) => respond(undefined, { cookies: [theme.set(input.name)] }),
 * })
 * ```
 */
export function cookie(name: string, options: CookieOptions = {}): Cookie {
  const issue = findIssue(name, options)
  if (issue !== undefined) throw cookieInvalid(name, issue)
  const attributes = toAttributes(options)
  const age = toAge(name, options)
  const declared: Cookie = {
    name,
    set(value) {
      if (!valueForm.test(value)) {
        throw cookieInvalid(
          name,
          'its value contains characters that a cookie cannot contain; encode it, for example as base64url',
        )
      }
      if (name.length + value.length > maxBytes) {
        throw cookieInvalid(
          name,
          `its name and value are ${name.length + value.length} bytes long, but browsers accept at most ${maxBytes}; store the value in the database, and its id in the cookie`,
        )
      }
      return new SetCookie(declared, `${name}=${value}${age}${attributes}`)
    },
    clear: () => new SetCookie(declared, `${name}=; Max-Age=0${attributes}`),
  }
  return declared
}

function toAge(name: string, { maxAge }: CookieOptions): string {
  if (maxAge === undefined) return ''
  const seconds = Math.floor(toMilliseconds(maxAge, { option: 'maxAge', max: '400d' }) / 1_000)
  if (seconds === 0) throw cookieInvalid(name, 'its maxAge is shorter than a second; delete it with clear()')
  return `; Max-Age=${seconds}`
}

function toAttributes(options: CookieOptions): string {
  const { sameSite = 'lax', httpOnly = true, secure = true, path = '/', domain, partitioned } = options
  return [
    '',
    `Path=${path}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(secure ? ['Secure'] : []),
    ...(httpOnly ? ['HttpOnly'] : []),
    `SameSite=${sameSite.charAt(0).toUpperCase()}${sameSite.slice(1)}`,
    ...(partitioned === true ? ['Partitioned'] : []),
  ].join('; ')
}

function findIssue(name: string, options: CookieOptions): string | undefined {
  const {
    sameSite = 'lax',
    httpOnly = true,
    secure = true,
    path = '/',
    domain,
    partitioned = false,
  } = options
  if (!isToken(name)) return 'its name must be a token, such as "theme" or "__Host-session"'
  if (!['lax', 'strict', 'none'].includes(sameSite))
    return `its sameSite ${JSON.stringify(sameSite)} must be 'lax', 'strict' or 'none'`
  if (!path.startsWith('/') || !attributeForm.test(path))
    return 'its path must start with "/" and contain no semicolon'
  if (domain !== undefined && !/^[A-Za-z0-9.-]+$/.test(domain)) return 'its domain must be a host name'
  // Browsers ignore the case of the prefixes.
  const prefix = /^__(host-http|host|http|secure)-/i.exec(name)?.[1]?.toLowerCase()
  if (!secure && prefix !== undefined) return 'the prefix of its name needs secure: true'
  if (!httpOnly && prefix?.endsWith('http')) return 'the prefix of its name needs httpOnly: true'
  if (prefix?.startsWith('host') && (path !== '/' || domain !== undefined))
    return 'a prefix that begins with "__Host-" needs path: \'/\' and no domain'
  if (!secure && sameSite === 'none') return "sameSite: 'none' needs secure: true"
  if (!secure && partitioned) return 'partitioned: true needs secure: true'
  return undefined
}

function cookieInvalid(name: string, issue: string): HoldfastError {
  return new HoldfastError('cookie-invalid', `The cookie ${JSON.stringify(name)} is invalid: ${issue}.`)
}

import { HoldfastError } from '../base/holdfast-error.ts'

/** The status of a redirect (RFC 9110 section 15.4). */
export type RedirectStatus = 302 | 303 | 307 | 308

/** Options of {@link redirects}. */
export interface RedirectsOptions {
  /**
   * The possible targets: `'/'` for all paths on the service itself, and origins, such as
   * `'https://app.example.com'`, for all URLs on another host.
   */
  readonly to: readonly [string, ...string[]]
  /**
   * `303`: the browser gets the target with GET. `307` and `308`: the browser repeats the request,
   * with its method and body. `302`: as 303 in browsers; other clients may repeat the request.
   * Default 303.
   */
  readonly status?: RedirectStatus
}

/** The redirects of an operation. Create them with {@link redirects}. */
export interface Redirects {
  readonly status: RedirectStatus
  /** The possible targets, as declared. */
  readonly targets: readonly string[]
  /** Returns true if a target is among the declared targets. Use it for targets from an input. */
  allows(target: string): boolean
  /**
   * Returns the redirect to a target, for the handler to return.
   *
   * @param target a path that starts with `/`, or an absolute URL.
   * @throws HoldfastError `redirect-refused` if the target is not among the declared targets.
   */
  to(target: string): Redirect
}

/** A redirect to a declared target. Create it with {@link Redirects.to}. */
export class Redirect {
  readonly #redirects: Redirects
  readonly #location: string

  constructor(redirects: Redirects, location: string) {
    this.#redirects = redirects
    this.#location = location
  }

  /** Returns the target, and the declaration that checked it. */
  static partsOf(redirect: Redirect): { readonly redirects: Redirects; readonly location: string } {
    return { redirects: redirect.#redirects, location: redirect.#location }
  }
}

/**
 * Declares the targets to which an operation may redirect its client. Pass the result as the option
 * `redirects` of the operation. A redirect to any other target throws, so that a service cannot be
 * used to send people to a fraudulent site.
 *
 * @throws HoldfastError `redirect-invalid` if a declared target is neither `'/'` nor an origin with
 *   https. `http` is allowed for `localhost` and `127.0.0.1`.
 *
 * @example
 * ```ts
 * const toCheckout = redirects({ to: ['https://checkout.example.com'] })
 *
 * query({
 *   route: 'GET /orders/{id}/checkout',
 *   access: signedIn(),
 *   input: z.object({ id: z.string() }),
 *   redirects: toCheckout,
 *   run: ({ input: { id } }) =>
 *     toCheckout.to(`https://checkout.example.com/${encodeURIComponent(id)}`),
 * })
 * ```
 */
export function redirects({ to: targets, status = 303 }: RedirectsOptions): Redirects {
  const invalid = targets.find((target) => target !== '/' && !isSafeOrigin(target))
  if (invalid !== undefined) {
    throw new HoldfastError(
      'redirect-invalid',
      `The redirect target ${JSON.stringify(invalid)} is invalid. Use '/' for the paths on the service itself, or an origin without a path, such as 'https://app.example.com'.`,
    )
  }
  const allows = (target: string): boolean => targets.includes(originOf(target) ?? '')
  const declared: Redirects = {
    status,
    targets,
    allows,
    to(target) {
      if (allows(target)) return new Redirect(declared, target)
      throw new HoldfastError(
        'redirect-refused',
        `The redirect target ${JSON.stringify(target)} is not among the declared targets: ${targets.join(', ')}. Add its origin to redirects({ to }), or check targets from an input with allows().`,
      )
    },
  }
  return declared
}

function isSafeOrigin(text: string): boolean {
  const url = URL.parse(text)
  if (!url || url.origin !== text) return false
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname)
}

/**
 * Returns the origin of a target, or `'/'` for a path. Returns `undefined` for a target that is not
 * visible ASCII or that a browser could interpret as a different origin.
 */
function originOf(target: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(target) || target.includes('\\')) return undefined
  if (target.startsWith('/')) return target.startsWith('//') ? undefined : '/'
  // A browser reads "https:host" as a path on the service, and "blob:https://host" has the origin
  // of a different URL.
  if (!/^https?:\/\//i.test(target)) return undefined
  const url = URL.parse(target)
  // Credentials before the host can make people mistake the URL for one on a different host.
  return url && url.username === '' && url.password === '' ? url.origin : undefined
}

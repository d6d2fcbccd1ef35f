import type { Mail } from './mail.ts'

/**
 * Returns a function that returns the {@link Mail} of a running service, given its settings. It
 * calls `create` once per start of the service, so that all jobs share the connections. Pass the
 * returned function to `accounts`, and call it in jobs of your own.
 *
 * @example
 * ```ts
 * const mail = mailOf((settings: { readonly mailUrl: string }) =>
 *   smtp({ url: settings.mailUrl, from: 'Shop <noreply@example.com>' }),
 * )
 * mail({ mailUrl: 'smtp://localhost:1025' })
 * ```
 */
export function mailOf<Values>(create: Mail | ((settings: Values) => Mail)): (settings: Values) => Mail {
  if (typeof create !== 'function') return () => create
  const created = new WeakMap<object, Mail>()
  return (settings) => {
    const key = settings as object
    let mail = created.get(key)
    if (!mail) created.set(key, (mail = create(settings)))
    return mail
  }
}

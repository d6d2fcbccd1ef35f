import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import type { ServiceHost } from '../../kernel/host/service-host.ts'
import { parseDatabaseUrl } from '../../storage/postgres/session/database-url.ts'
import { fixedUrls, type UrlChanges } from '../../storage/postgres/session/url-changes.ts'

const variables = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_REPLICA_URLS'] as const

/** Returns the URLs of a list, or of a text that separates them by commas. */
export function urlsOf(list: readonly string[] | string = []): readonly string[] {
  return typeof list === 'string' ? list.split(/[\s,]+/).filter((url) => url !== '') : list
}

/**
 * Returns the URLs of a database as they change. Only the user and the password may change: the
 * state of the process belongs to this database.
 *
 * @param url The URL in the options, which never changes.
 */
export function followUrls(
  url: string | undefined,
  { env, secretChanges }: Pick<ServiceHost, 'env' | 'secretChanges'>,
): UrlChanges {
  if (url !== undefined || !secretChanges) return fixedUrls
  const current = new Map<string, string>()
  const listeners = new Set<(url: string) => unknown>()
  for (const variable of variables) {
    const initial = urlsOf(env[variable])
    if (initial.length === 0) continue
    secretChanges.watch(variable, async (text) => {
      const changed = urlsOf(text)
      const isSame =
        changed.length === initial.length &&
        changed.every((one, index) => isSameDatabase(one, initial[index]!))
      if (!isSame) throw otherDatabase(variable)
      return () => {
        for (const [index, one] of changed.entries()) current.set(initial[index]!, one)
        for (const one of initial) for (const listener of listeners) listener(one)
      }
    })
  }
  const now = (one: string): string => current.get(one) ?? one
  return {
    current: now,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async renew(one, refused) {
      if (now(one) !== refused) return true
      await secretChanges.refresh()
      return now(one) !== refused
    },
  }
}

function isSameDatabase(one: string, other: string): boolean {
  const [place, otherPlace] = [one, other].map((text) => {
    const url = parseDatabaseUrl(text)
    if (!url) return undefined
    url.username = ''
    url.password = ''
    for (const name of ['user', 'password']) url.searchParams.delete(name)
    return url.href
  })
  return place !== undefined && place === otherPlace
}

function otherDatabase(variable: string): Error {
  return configurationInvalid([
    `The changed ${variable} differs in more than the user and the password (value hidden, because it is a secret). Restart the processes to use another server, database or parameter.`,
  ])
}

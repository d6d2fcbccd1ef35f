import type { Credentials } from '../../kernel/operation/credentials.ts'

/** Returns the bearer token of a request; `undefined` if the request has none. */
export function bearerToken(header: Credentials['header']): string | undefined {
  return /^bearer +([^ ]+) *$/i.exec(header('authorization') ?? '')?.[1]
}

import type { Route } from '../kernel/route.ts'

/** What an operation is listed under: the first part of its path that is no parameter; `undefined` where there is none. */
export function tagOf({ path }: Route): string | undefined {
  return path.split('/').find((segment) => segment !== '' && !segment.startsWith('{'))
}

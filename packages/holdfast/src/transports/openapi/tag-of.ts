import type { Route } from '../../kernel/operation/route.ts'

/**
 * Returns the tag of an operation: the first segment of its path that is not a parameter;
 * `undefined` if there is none.
 */
export function tagOf({ path }: Route): string | undefined {
  return path.split('/').find((segment) => segment !== '' && !segment.startsWith('{'))
}

import type { JsonSchema } from '../schema/json-schema.ts'
import type { Page, PageRequest, PagingStyle } from './page.ts'

/**
 * The request parameters that select another page, in place of those that select the current page.
 */
export type PageParameters = Readonly<Record<string, string>>

/** Links to other pages of a list. */
export interface PageLinks {
  /**
   * The names of the parameters that select the current page; links to other pages leave them out.
   */
  readonly replaced: readonly string[]
  /** The parameters of the other pages, by their relation to the current page (RFC 8288). */
  readonly pages: Readonly<Partial<Record<'first' | 'next' | 'prev', PageParameters>>>
}

/** The parts of an operation that show whether it is paginated. */
export interface PagedShape {
  readonly kind: 'query' | 'mutation'
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema
}

/**
 * Returns true if an operation is paginated: it takes a `limit`, and its output has `items`, `next`
 * and `prev`.
 */
export function isPaged({ kind, inputSchema, outputSchema }: PagedShape): boolean {
  const { items, next, prev } = outputSchema.properties ?? {}
  return (
    kind === 'query' &&
    inputSchema.properties?.['limit'] !== undefined &&
    [items, next, prev].every((property) => property !== undefined)
  )
}

/** Returns the links of a page. */
export function linksOf(
  { next, prev }: Page<unknown, PagingStyle>,
  { style = 'cursor' }: PageRequest,
): PageLinks {
  const toParameters = (mark: string | number | PageParameters): PageParameters =>
    typeof mark === 'object' ? mark : { [style]: String(mark) }
  const pages = {
    ...(prev === undefined ? {} : { first: {}, prev: toParameters(prev) }),
    ...(next === undefined ? {} : { next: toParameters(next) }),
  }
  const names = Object.keys(pages.next ?? pages.prev ?? {})
  return { replaced: names.flatMap((name) => [name, mirrorParameter(name)]), pages }
}

/**
 * Returns `before_id` for `after_id` and vice versa. A link that sets one of these parameters must
 * omit the other one, which the current request may contain.
 */
function mirrorParameter(parameter: string): string {
  return parameter.startsWith('after_')
    ? parameter.replace('after_', 'before_')
    : parameter.replace('before_', 'after_')
}

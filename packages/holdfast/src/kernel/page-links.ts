import type { JsonSchema } from './json-schema.ts'
import type { Page, PageRequest, PagingStyle } from './page.ts'

/** The parameters of a request for another page, in place of those that say where this one begins. */
export type PageParameters = Readonly<Record<string, string>>

/** Where other pages of a list are. */
export interface PageLinks {
  /** The names of the parameters that say where this page begins. */
  readonly replaced: readonly string[]
  /** What other pages have in their place, by their relation to this one (RFC 8288). */
  readonly pages: Readonly<Partial<Record<'first' | 'next' | 'prev', PageParameters>>>
}

/** What tells whether an operation answers with pages. */
export interface PagedShape {
  readonly kind: 'query' | 'mutation'
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema
}

/** Whether an operation answers with pages: it takes a `limit`, and says what the `next` one is. */
export function isPaged({ kind, inputSchema, outputSchema }: PagedShape): boolean {
  const { items, next, prev } = outputSchema.properties ?? {}
  return (
    kind === 'query' &&
    inputSchema.properties?.['limit'] !== undefined &&
    [items, next, prev].every((property) => property !== undefined)
  )
}

/** The links of a page. */
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
  return { replaced: names.flatMap((name) => [name, otherSide(name)]), pages }
}

/** `before_id` of `after_id`, and the other way: a page that began before a row leads to one behind another. */
function otherSide(parameter: string): string {
  return parameter.startsWith('after_')
    ? parameter.replace('after_', 'before_')
    : parameter.replace('before_', 'after_')
}

import type { JsonSchema } from './json-schema.ts'
import type { Page, PageRequest, PagingStyle } from './page.ts'

/** The parameters of a request for another page, in place of those that say where this one begins. */
export type PageParameters = Readonly<Record<string, string>>

/** Where other pages of a list are, by their relation to this one (RFC 8288). */
export interface PageLinks {
  readonly first?: PageParameters
  readonly next?: PageParameters
  readonly prev?: PageParameters
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

/** Whether a parameter says where a page begins. */
export function saysWhere(parameter: string): boolean {
  return parameter === 'cursor' || parameter === 'offset' || /^(?:after|before)_/.test(parameter)
}

/** The links of a page. */
export function linksOf(
  { next, prev }: Page<unknown, PagingStyle>,
  { style = 'cursor' }: PageRequest,
): PageLinks {
  const toParameters = (mark: string | number | PageParameters): PageParameters =>
    typeof mark === 'object' ? mark : { [style]: String(mark) }
  return {
    ...(prev === undefined ? {} : { first: {}, prev: toParameters(prev) }),
    ...(next === undefined ? {} : { next: toParameters(next) }),
  }
}

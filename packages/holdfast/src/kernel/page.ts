import { HoldfastError } from './holdfast-error.ts'
import { type JsonSchema, moveInto } from './json-schema.ts'
import {
  type InputOf,
  type OutputOf,
  type Schema,
  type SchemaIssue,
  toJsonSchema,
  validate,
} from './schema.ts'

/** What a client says of the page that it wants. */
export interface PageRequest {
  /** How many items at most. */
  readonly limit: number
  /** Where to go on, as the page before said in `next`; absent on the first page. */
  readonly cursor?: string | undefined
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: Item[]
  /** The cursor of the next page; absent on the last. */
  readonly next?: string | undefined
}

/** Where a page begins: the values of the ordering columns of the last row before it, as text. */
export type Position<Key extends string> = { readonly [K in Key]: string }

/** A row that has the ordering columns, with values that a cursor can carry exactly. */
export type Ordered<Key extends string> = { readonly [K in Key]: string | number | bigint | boolean }

/** How the rows of a page are read. */
export interface PageSource<Key extends string, Row extends Ordered<Key>, Item> {
  /**
   * The columns by which the list is ordered, the last of them unique. Their values travel in the cursor as text, so they are
   * strings, whole numbers or booleans; a timestamp has to be selected as text, since a `Date` has lost its microseconds.
   */
  readonly orderedBy: readonly Key[]
  /** Reads up to `limit` rows, in order, those after the position `after` where there is one. */
  rows(window: { readonly after: Position<Key> | undefined; readonly limit: number }): Promise<readonly Row[]>
  /** Makes the item of a row. Default: the row as it is. */
  item?(row: Row): Item
}

/** The largest page that is ever given where an operation says nothing else. */
const defaultMaxLimit = 100
/** The size of a page that is asked for without a limit. */
const defaultLimit = 20

/** Options of {@link paged}. */
export interface PagedOptions {
  /** The largest `limit` that a client may ask for. Default 100; no more than the `max` of {@link pageOf}. */
  readonly max?: number
  /** The `limit` of a request that has none. Default 20. */
  readonly limit?: number
}

/** The output schema of an operation that answers with pages of `item`. */
export function pageOf<S extends Schema>(
  item: S,
  options: { readonly max?: number } = {},
): Schema<Page<OutputOf<S>>, Page<OutputOf<S>>> {
  const max = options.max ?? defaultMaxLimit
  const describe = (side: 'input' | 'output') => (): Record<string, unknown> => ({
    type: 'object',
    properties: {
      items: { type: 'array', items: { $ref: '#/$defs/item' }, maxItems: max },
      next: { type: 'string', description: 'The cursor of the next page; absent on the last.' },
    },
    required: ['items'],
    additionalProperties: false,
    $defs: { item: moveInto('#/$defs/item', toJsonSchema(item, side)) },
  })
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      async validate(value) {
        const page = value as Page<unknown> | undefined
        if (!Array.isArray(page?.items))
          return { issues: [{ message: 'Expected a page, with its items in a list', path: ['items'] }] }
        if (page.items.length > max) {
          return {
            issues: [
              { message: `Expected ${max} items at most, and no larger limit in paged(…)`, path: ['items'] },
            ],
          }
        }
        const issues: SchemaIssue[] = []
        const items: OutputOf<S>[] = []
        for (const [index, element] of page.items.entries()) {
          const result = await validate(item, element)
          if (result.issues) {
            issues.push(
              ...result.issues.map((issue) => ({ ...issue, path: ['items', index, ...(issue.path ?? [])] })),
            )
          } else items.push(result.value as OutputOf<S>)
        }
        if (issues.length > 0) return { issues }
        return { value: page.next === undefined ? { items } : { items, next: page.next } }
      },
      jsonSchema: { input: describe('input'), output: describe('output') },
    },
  }
}

/** The longest cursor that is given out, and taken, in characters. */
export const maxCursorLength = 2_048

/** The input schema of an operation that answers with pages: `limit` and `cursor` beside the fields of `filters`. */
export function paged(options?: PagedOptions): Schema<Partial<PageRequest>, PageRequest>
export function paged<S extends Schema>(
  filters: S,
  options?: PagedOptions,
): Schema<Partial<PageRequest> & InputOf<S>, PageRequest & OutputOf<S>>
export function paged(first: Schema | PagedOptions = {}, second: PagedOptions = {}): Schema {
  const filters = '~standard' in first ? first : undefined
  const { max = defaultMaxLimit, limit: usual = Math.min(defaultLimit, max) } =
    '~standard' in first ? second : first
  const describe = (side: 'input' | 'output') => (): Record<string, unknown> => {
    const inner: JsonSchema = filters ? toJsonSchema(filters, side) : { type: 'object' }
    return {
      ...inner,
      properties: {
        ...inner.properties,
        limit: {
          type: 'integer',
          minimum: 1,
          maximum: max,
          default: usual,
          description: 'How many items at most.',
        },
        cursor: {
          type: 'string',
          maxLength: maxCursorLength,
          description: 'Where to go on: `next` of the page before.',
        },
      },
    }
  }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      async validate(value) {
        const { limit = usual, cursor, ...rest } = value as Record<string, unknown>
        const issues: SchemaIssue[] = []
        if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > max) {
          issues.push({ message: `Expected a whole number from 1 to ${max}`, path: ['limit'] })
        }
        if (cursor !== undefined && (typeof cursor !== 'string' || cursor.length > maxCursorLength)) {
          issues.push({ message: `Expected a cursor as a page gave it out`, path: ['cursor'] })
        }
        const inner = filters ? await validate(filters, rest) : { value: {} }
        if (inner.issues) issues.push(...inner.issues)
        if (issues.length > 0) return { issues }
        const fields = 'value' in inner ? (inner.value as object) : {}
        return { value: cursor === undefined ? { ...fields, limit } : { ...fields, limit, cursor } }
      },
      jsonSchema: { input: describe('input'), output: describe('output') },
    },
  }
}

/** The text of a column's value that goes into a cursor. */
export function toPositionText(value: unknown, column: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint' || typeof value === 'boolean' || Number.isSafeInteger(value))
    return String(value)
  throw new HoldfastError(
    'page-position-invalid',
    `The ordering column "${column}" of a page has a value that a cursor cannot carry exactly (${describeValue(value)}). Order by text, whole numbers or booleans; select a timestamp as text.`,
  )
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return value instanceof Date ? 'a Date, which has lost its microseconds' : typeof value
}

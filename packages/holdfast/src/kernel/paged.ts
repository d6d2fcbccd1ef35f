import { HoldfastError } from './holdfast-error.ts'
import type { JsonSchema } from './json-schema.ts'
import { defaultMaxLimit, type KeysetValues, maxCursorLength, type PageRequest } from './page.ts'
import {
  type InputOf,
  type OutputOf,
  type Schema,
  type SchemaIssue,
  toJsonSchema,
  validate,
} from './schema.ts'

/** The size of a page that is asked for without a limit. */
const defaultLimit = 20
/** How many rows a client may pass over where an operation says nothing else. */
const defaultMaxOffset = 10_000

/** What is said of every list. */
interface CommonOptions {
  /** The largest `limit` that a client may ask for. Default 100; no more than the `max` of {@link pageOf}. */
  readonly max?: number
  /** The `limit` of a request that has none. Default 20. */
  readonly limit?: number
  /** Whether a client may ask, with `count=true`, how many rows there are in all: that reads all of them. Default false. */
  readonly count?: boolean
}

/** A list whose pages begin where a cursor says. */
export interface CursorOptions extends CommonOptions {
  readonly style?: 'cursor'
}

/** A list whose pages begin where the values of the ordering columns say. */
export interface KeysetOptions<Keys extends Schema> extends CommonOptions {
  readonly style: 'keyset'
  /** The columns of the order with what a client may send of each. Each comes as `after_…` and `before_…`. */
  readonly keys: Keys
}

/** A list whose pages begin behind a number of rows: all of these are read, each time. */
export interface OffsetOptions extends CommonOptions {
  readonly style: 'offset'
  /** The largest `offset` that a client may ask for. Default 10,000. */
  readonly maxOffset?: number
}

/** How a list is paged. Default: by cursor. */
export type PagedOptions = CursorOptions | KeysetOptions<Schema> | OffsetOptions

interface CommonWire {
  readonly limit?: number
  readonly count?: boolean
}

/** What a client sends of the page that it wants. */
type WireOf<Options extends PagedOptions> =
  Options extends KeysetOptions<infer Keys>
    ? CommonWire & Prefixed<'after', InputOf<Keys>> & Prefixed<'before', InputOf<Keys>>
    : Options extends OffsetOptions
      ? CommonWire & { readonly offset?: number }
      : CommonWire & { readonly cursor?: string }

type Prefixed<Prefix extends string, Values> = {
  readonly [Key in keyof Values & string as `${Prefix}_${Key}`]?: Values[Key]
}

type RequestOf<Options extends PagedOptions> = PageRequest<
  Options extends { readonly style: infer Style extends 'keyset' | 'offset' } ? Style : 'cursor'
>

/** What tells a schema from options. */
type NoSchema = { readonly '~standard'?: never }

/**
 * The input schema of an operation that answers with pages: what a client says of the page, beside the fields of `filters`. A filter that is called as one of
 * the fields that say so is refused when the service starts.
 */
export function paged<const Options extends PagedOptions = CursorOptions>(
  options?: Options & NoSchema,
): Schema<WireOf<Options>, RequestOf<Options>>
export function paged<S extends Schema, const Options extends PagedOptions = CursorOptions>(
  filters: S,
  options?: Options,
): Schema<WireOf<Options> & InputOf<S>, RequestOf<Options> & OutputOf<S>>
export function paged(first: Schema | PagedOptions = {}, second: PagedOptions = {}): Schema {
  const filters = '~standard' in first ? (first as Schema) : undefined
  const options = filters ? second : (first as PagedOptions)
  const {
    max = defaultMaxLimit,
    limit: usual = Math.min(defaultLimit, max),
    count: mayCount = false,
  } = options
  const start = startOf(options)
  const describe = (side: 'input' | 'output') => (): Record<string, unknown> => {
    const inner: JsonSchema = filters ? toJsonSchema(filters, side) : { type: 'object' }
    checkFilters(Object.keys(inner.properties ?? {}), start)
    return {
      ...inner,
      properties: {
        ...inner.properties,
        ...limitSchema(max, usual),
        ...start.describe(side),
        ...(mayCount ? countSchema : {}),
      },
    }
  }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      async validate(value) {
        const { limit = usual, ...fields } = value as Record<string, unknown>
        const { count = false, ...rest } = mayCount ? fields : { ...fields, count: false }
        const issues: SchemaIssue[] = []
        if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > max)
          issues.push({ message: `Expected a whole number from 1 to ${max}`, path: ['limit'] })
        if (typeof count !== 'boolean') issues.push({ message: 'Expected true or false', path: ['count'] })
        const { begins, others } = await start.read(rest, issues)
        const inner = filters ? await validate(filters, others) : { value: {} }
        if (inner.issues) issues.push(...inner.issues)
        if (issues.length > 0) return { issues }
        const filtered = 'value' in inner ? (inner.value as object) : {}
        return { value: { ...filtered, limit, ...begins, ...(count === true ? { count } : {}) } }
      },
      jsonSchema: { input: describe('input'), output: describe('output') },
    },
  }
}

/** What no filter is called, whatever the style: `style` would be taken for the style. */
const reserved = ['limit', 'count', 'style']

function checkFilters(names: readonly string[], { fields }: Start): void {
  const taken = names.find((name) => reserved.includes(name) || fields.includes(name))
  if (taken === undefined) return
  throw new HoldfastError(
    'page-filter-reserved',
    `The filter "${taken}" of a list has the name of a field that says which page is asked for. Give it another name.`,
  )
}

/** How a request says where its page begins. */
interface Start {
  /** What its fields are called, in the request and in what it becomes. */
  readonly fields: readonly string[]
  describe(side: 'input' | 'output'): Record<string, JsonSchema>
  /** Takes its own fields out of the others; adds what is wrong with them to the issues. */
  read(
    fields: Record<string, unknown>,
    issues: SchemaIssue[],
  ): Promise<{ readonly begins: Partial<PageRequest>; readonly others: Record<string, unknown> }>
}

function startOf(options: PagedOptions): Start {
  switch (options.style) {
    case 'keyset':
      return byKeyset(options.keys)
    case 'offset':
      return byOffset(options.maxOffset ?? defaultMaxOffset)
    default:
      return byCursor
  }
}

const byCursor: Start = {
  fields: ['cursor'],
  describe: () => ({
    cursor: {
      type: 'string',
      maxLength: maxCursorLength,
      description: 'Where to go on: `next` or `prev` of another page.',
    },
  }),
  async read({ cursor, ...others }, issues) {
    if (cursor === undefined) return { begins: {}, others }
    if (typeof cursor !== 'string' || cursor.length > maxCursorLength)
      issues.push({ message: 'Expected a cursor as a page gave it out', path: ['cursor'] })
    return { begins: { cursor: cursor as string }, others }
  },
}

function byOffset(maxOffset: number): Start {
  return {
    fields: ['offset'],
    describe: () => ({
      offset: {
        type: 'integer',
        minimum: 0,
        maximum: maxOffset,
        default: 0,
        description: 'How many come before the page.',
      },
    }),
    async read({ offset = 0, ...others }, issues) {
      if (!Number.isInteger(offset) || Number(offset) < 0 || Number(offset) > maxOffset)
        issues.push({ message: `Expected a whole number from 0 to ${maxOffset}`, path: ['offset'] })
      return { begins: { style: 'offset', offset: offset as number }, others }
    },
  }
}

const sides = ['after', 'before'] as const

function byKeyset(keys: Schema): Start {
  const names = Object.keys(toJsonSchema(keys, 'input').properties ?? {})
  return {
    fields: sides.flatMap((prefix) => [prefix, ...names.map((name) => `${prefix}_${name}`)]),
    describe: (side) => {
      const { properties = {} } = toJsonSchema(keys, side)
      const described = sides.flatMap((prefix) =>
        names.map((name) => [
          `${prefix}_${name}`,
          { ...properties[name], description: descriptions[prefix] },
        ]),
      )
      return Object.fromEntries(described) as Record<string, JsonSchema>
    },
    async read(fields, issues) {
      const others = { ...fields }
      const given: Partial<Record<(typeof sides)[number], KeysetValues>> = {}
      for (const prefix of sides) {
        const values = takePrefixed(others, prefix, names)
        if (values === undefined) continue
        const result = await validate(keys, values)
        if (result.issues) issues.push(...result.issues.map((issue) => prefixed(issue, prefix)))
        else given[prefix] = result.value as KeysetValues
      }
      if (given.after && given.before)
        issues.push({
          message: 'Expected a page after a row or before one, not both',
          path: [`before_${names[0]}`],
        })
      return { begins: { style: 'keyset', ...given }, others }
    },
  }
}

const descriptions = {
  after: 'The page begins behind the row that has this, as `next` of another page says.',
  before: 'The page ends before the row that has this, as `prev` of another page says.',
}

/** Takes the fields with a prefix out of others; `undefined` where there are none. */
function takePrefixed(
  fields: Record<string, unknown>,
  prefix: string,
  names: readonly string[],
): Record<string, unknown> | undefined {
  const values: Record<string, unknown> = {}
  for (const name of names) {
    const field = `${prefix}_${name}`
    if (fields[field] !== undefined) values[name] = fields[field]
    delete fields[field]
  }
  return Object.keys(values).length === 0 ? undefined : values
}

function prefixed(issue: SchemaIssue, prefix: string): SchemaIssue {
  const [first, ...rest] = issue.path ?? []
  const name = String(typeof first === 'object' ? first.key : (first ?? ''))
  return { ...issue, path: [`${prefix}_${name}`, ...rest] }
}

function limitSchema(max: number, usual: number): Record<string, JsonSchema> {
  return {
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: max,
      default: usual,
      description: 'How many items at most.',
    },
  }
}

const countSchema: Record<string, JsonSchema> = {
  count: { type: 'boolean', default: false, description: 'Whether to count how many there are in all.' },
}

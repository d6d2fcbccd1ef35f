import { HoldfastError } from '../base/holdfast-error.ts'
import type { JsonSchema } from '../schema/json-schema.ts'
import {
  defaultMaxLimit,
  type KeysetValues,
  maxCursorLength,
  type PageRequest,
  type PageSize,
  type PagingStyle,
} from './page.ts'
import {
  type InputOf,
  type OutputOf,
  type Schema,
  type SchemaIssue,
  toJsonSchema,
  validate,
} from '../schema/schema.ts'

/** The page size if the request has no `limit`. */
const defaultLimit = 20
/** The default max offset. */
const defaultMaxOffset = 10_000

/** Options of every paging style. */
interface CommonOptions {
  /**
   * Max `limit` that a client may request. It must not exceed the `max` of `pages.output`. Default
   * 100.
   */
  readonly max?: number
  /**
   * The number of items on a page if the request has no `limit`. Default 20, or `max` if that is
   * less.
   */
  readonly limit?: number
  /**
   * True if clients may request the total number of rows with `count=true`, which reads all rows.
   * Default false.
   */
  readonly count?: boolean
}

/** Options of a list that is paged by cursors. */
export interface CursorOptions extends CommonOptions {
  /** The paging style: a client sends the `cursor` of the previous page. Default `'cursor'`. */
  readonly style?: 'cursor'
}

/**
 * Options of a list with keyset paging: a client selects a page by values of the ordering columns.
 */
export interface KeysetOptions<Keys extends Schema> extends CommonOptions {
  /** The paging style: a client sends the values of the ordering columns. */
  readonly style: 'keyset'
  /**
   * Schema of the ordering columns. Each column becomes two parameters, `after_…` and `before_…`.
   */
  readonly keys: Keys
}

/** Options of a list with offset paging. Each request reads all the rows that it skips. */
export interface OffsetOptions extends CommonOptions {
  /** The paging style: a client sends the number of rows to skip. */
  readonly style: 'offset'
  /** Max `offset` that a client may request. Default 10,000. */
  readonly maxOffset?: number
}

/** Paging options of a list. The default style is `'cursor'`. */
export type PageInputOptions = CursorOptions | KeysetOptions<Schema> | OffsetOptions

interface CommonWire {
  readonly limit?: number
  readonly count?: boolean
}

/** The page parameters as a client sends them. */
type WireOf<Options extends PageInputOptions> =
  Options extends KeysetOptions<infer Keys>
    ? CommonWire & Prefixed<'after', InputOf<Keys>> & Prefixed<'before', InputOf<Keys>>
    : Options extends OffsetOptions
      ? CommonWire & { readonly offset?: number }
      : CommonWire & { readonly cursor?: string }

type Prefixed<Prefix extends string, Values> = {
  readonly [Key in keyof Values & string as `${Prefix}_${Key}`]?: Values[Key]
}

type RequestOf<Options extends PageInputOptions> =
  Options extends KeysetOptions<Schema>
    ? RequestBy<'keyset', 'after' | 'before'>
    : Options extends OffsetOptions
      ? RequestBy<'offset', 'offset'>
      : RequestBy<'cursor', 'cursor'>

type RequestBy<Style extends PagingStyle, Start extends keyof PageRequest> = Pick<
  PageRequest<Style>,
  keyof PageSize | Start
>

/** Flattens an intersection into one object type, so that editors show the members. */
type Flat<Intersection> = { [Key in keyof Intersection]: Intersection[Key] } & {}

/** A type that excludes schemas, so that a schema is not accepted as the options. */
type NoSchema = { readonly '~standard'?: never }

/**
 * Returns the input schema of a paginated operation: the page parameters plus the fields of
 * `filters`. A service does not start if a filter has the name of a page parameter.
 */
export function pageInput<const Options extends PageInputOptions = CursorOptions>(
  options?: Options & NoSchema,
): Schema<Flat<WireOf<Options>>, Flat<RequestOf<Options>>>
export function pageInput<Filters extends Schema, const Options extends PageInputOptions = CursorOptions>(
  filters: Filters,
  options?: Options,
): Schema<Flat<InputOf<Filters> & WireOf<Options>>, Flat<OutputOf<Filters> & RequestOf<Options>>>
export function pageInput(first: Schema | PageInputOptions = {}, second: PageInputOptions = {}): Schema {
  const filters = '~standard' in first ? (first as Schema) : undefined
  const options = filters ? second : (first as PageInputOptions)
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
          issues.push({ message: `Expected an integer from 1 to ${max}`, path: ['limit'] })
        if (typeof count !== 'boolean') issues.push({ message: 'Expected true or false', path: ['count'] })
        const { startPosition, others } = await start.read(rest, issues)
        const inner = filters ? await validate(filters, others) : { value: {} }
        if (inner.issues) issues.push(...inner.issues)
        if (issues.length > 0) return { issues }
        const filtered = 'value' in inner ? (inner.value as object) : {}
        return { value: { ...filtered, limit, ...startPosition, ...(count === true ? { count } : {}) } }
      },
      jsonSchema: { input: describe('input'), output: describe('output') },
    },
  }
}

/**
 * Names that a filter may not have in any style. For example, `style` would be read as the paging
 * style.
 */
const reserved = ['limit', 'count', 'style']

function checkFilters(names: readonly string[], { fields }: Start): void {
  const taken = names.find((name) => reserved.includes(name) || fields.includes(name))
  if (taken === undefined) return
  throw new HoldfastError(
    'page-filter-reserved',
    `The filter "${taken}" of a list has a name that pagination reserves. Rename it.`,
  )
}

/** The part of a paging style that parses the start of the page. */
interface Start {
  /** The names of its fields, in the request and in the parsed input. */
  readonly fields: readonly string[]
  describe(side: 'input' | 'output'): Record<string, JsonSchema>
  /**
   * Parses the fields of this style and returns the other fields. Adds an issue for each invalid
   * field.
   */
  read(
    fields: Record<string, unknown>,
    issues: SchemaIssue[],
  ): Promise<{ readonly startPosition: Partial<PageRequest>; readonly others: Record<string, unknown> }>
}

function startOf(options: PageInputOptions): Start {
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
      description: 'Start position: `next` or `prev` of another page.',
    },
  }),
  async read({ cursor, ...others }, issues) {
    if (cursor === undefined) return { startPosition: {}, others }
    if (typeof cursor !== 'string' || cursor.length > maxCursorLength)
      issues.push({ message: 'Expected a cursor from `next` or `prev` of a page', path: ['cursor'] })
    return { startPosition: { cursor: cursor as string }, others }
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
        description: 'Number of items to skip.',
      },
    }),
    async read({ offset = 0, ...others }, issues) {
      if (!Number.isInteger(offset) || Number(offset) < 0 || Number(offset) > maxOffset)
        issues.push({ message: `Expected an integer from 0 to ${maxOffset}`, path: ['offset'] })
      return { startPosition: { style: 'offset', offset: offset as number }, others }
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
          message: 'Expected a page after a row or before a row, not both',
          path: [`before_${names[0]}`],
        })
      return { startPosition: { style: 'keyset', ...given }, others }
    },
  }
}

const descriptions = {
  after: 'Start after the row with this value; taken from the `next` of another page.',
  before: 'End before the row with this value; taken from the `prev` of another page.',
}

/**
 * Removes the fields with a prefix, and returns them without the prefix; `undefined` if no field
 * has the prefix.
 */
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

function limitSchema(max: number, defaultLimit: number): Record<string, JsonSchema> {
  return {
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: max,
      default: defaultLimit,
      description: 'Max number of items.',
    },
  }
}

const countSchema: Record<string, JsonSchema> = {
  count: {
    type: 'boolean',
    default: false,
    description: 'Include `total`, the number of items on all pages.',
  },
}

import { HoldfastError } from '../base/holdfast-error.ts'
import type { Logger } from '../base/log.ts'
import type { NoSettings } from '../host/settings.ts'

/** The part of a key in one column. */
export type KeyPart = string | number | bigint | boolean | Date

/** The key of the rows to load: a value, or several values for a composite key. */
export type RelationKey = KeyPart | readonly KeyPart[]

/**
 * The context passed to `rows`: a part of the context passed to the handler that loads the
 * relation.
 */
export interface RelationContext<Db, Values = NoSettings> {
  readonly db: Db
  /** The settings declared in `holdfast({ settings })`. */
  readonly settings: Values
  readonly log: Logger
  /** Aborted when the deadline passes or the caller disconnects. */
  readonly signal: AbortSignal
}

/** Options of a relation. */
export interface RelationDefinition<Key extends RelationKey, Row, Db, Values = NoSettings> {
  /**
   * Reads the rows of all keys in one statement, in any order. There is at least one key, and keys
   * are distinct.
   */
  rows(context: RelationContext<Db, Values>, keys: readonly Key[]): Promise<readonly Row[]> | readonly Row[]
  /** Returns the key that a row belongs to. */
  key(row: Row): Key
  /**
   * Max number of keys per statement; more keys are split over several statements. Default 1,000.
   */
  readonly maxBatch?: number
}

/** Options of a to-one relation. */
export interface OneDefinition<
  Key extends RelationKey,
  Row,
  Db,
  Values = NoSettings,
> extends RelationDefinition<Key, Row, Db, Values> {
  /** Returns the problem to throw for a key without a row. Default: `load` returns `undefined`. */
  missing?(key: Key): Error
}

/**
 * Rows that are loaded by key, many keys per statement. Created by `one(…)` and `many(…)` of an
 * application, and loaded by `load`.
 */
export interface Relation<Key extends RelationKey = RelationKey, Loaded = unknown> {
  readonly maxBatch: number
  /** The file and line of the definition. */
  readonly definedAt: string
  /**
   * Returns each key's row or rows, in the order of the keys. If `load` must throw for a key, the
   * key's entry is the error.
   */
  load(context: RelationContext<unknown, unknown>, keys: readonly Key[]): Promise<(Loaded | Error)[]>
}

const defaultMaxBatch = 1_000

/** Creates a relation with at most one row per key. */
export function createOne<Key extends RelationKey, Row, Db, Values>(
  definition: OneDefinition<Key, Row, Db, Values>,
  definedAt: string,
): Relation<Key, Row | undefined> {
  return createRelation(definition, definedAt, (rows, key) => {
    if (rows.length > 1) throw repeated(key, rows.length, definedAt)
    return rows.length === 0 && definition.missing ? definition.missing(key) : rows[0]
  })
}

/** Creates a relation with any number of rows per key. */
export function createMany<Key extends RelationKey, Row, Db, Values>(
  definition: RelationDefinition<Key, Row, Db, Values>,
  definedAt: string,
): Relation<Key, Row[]> {
  return createRelation(definition, definedAt, (rows) => [...rows])
}

function createRelation<Key extends RelationKey, Row, Db, Values, Loaded>(
  definition: RelationDefinition<Key, Row, Db, Values>,
  definedAt: string,
  pick: (rows: readonly Row[], key: Key) => Loaded | Error,
): Relation<Key, Loaded> {
  const { maxBatch = defaultMaxBatch } = definition
  if (!Number.isInteger(maxBatch) || maxBatch < 1) {
    throw new HoldfastError(
      'relation-invalid',
      `The relation at ${definedAt} has maxBatch ${maxBatch}; it must be a positive integer.`,
    )
  }
  return {
    maxBatch,
    definedAt,
    async load(context, keys) {
      const rows = await definition.rows(context as RelationContext<Db, Values>, keys)
      const rowsOf = new Map<unknown, Row[]>(keys.map((key) => [identityOf(key), []]))
      for (const row of rows) {
        const key = definition.key(row)
        const found = rowsOf.get(identityOf(key))
        if (!found) throw unasked(key, keys, definedAt)
        found.push(row)
      }
      return keys.map((key) => pick(rowsOf.get(identityOf(key)) ?? [], key))
    },
  }
}

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

/**
 * Returns a value that is equal for equal keys. UUIDs are case-insensitive (RFC 9562, section 4):
 * Postgres returns them in lower case, regardless of the case in the query.
 */
export function identityOf(key: RelationKey): unknown {
  if (typeof key === 'string') return uuid.test(key) ? key.toLowerCase() : key
  if (key instanceof Date) return `date ${key.getTime()}`
  // Row types are declared but not checked, so the key of a row may be missing.
  if (!Array.isArray(key)) return key
  return JSON.stringify(key.map((part) => [typeof part, String(identityOf(part))]))
}

function unasked(key: RelationKey, keys: readonly RelationKey[], definedAt: string): HoldfastError {
  return new HoldfastError(
    'relation-row-unexpected',
    `The relation at ${definedAt} read a row with the key ${redactedText(key)}, which was not requested; requested keys include ${redactedText(keys[0])}. \`rows\` must read only rows of the requested keys, and \`key\` must return a key of the requested type: Postgres returns a bigint as a string.`,
  )
}

function repeated(key: RelationKey, count: number, definedAt: string): HoldfastError {
  return new HoldfastError(
    'relation-row-duplicate',
    `The relation at ${definedAt} expects one row per key, but read ${count} rows for ${redactedText(key)}. Define it with \`many\`, or read by a unique key.`,
  )
}

function redactedText(key: RelationKey | null | undefined): string {
  if (key === null || key === undefined) return String(key)
  if (Array.isArray(key)) return `[${key.map((part: KeyPart) => redactedText(part)).join(', ')}]`
  if (key instanceof Date) return key.toISOString()
  const isText = typeof key === 'string'
  return `${isText ? JSON.stringify(key) : String(key)} (${isText ? 'a string' : `a ${typeof key}`})`
}

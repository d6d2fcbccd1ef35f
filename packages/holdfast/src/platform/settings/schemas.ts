import type { JsonSchema } from '../../kernel/schema/json-schema.ts'
import { type Duration, readDurationMs, toMilliseconds } from '../../kernel/base/duration.ts'
import type { Schema } from '../../kernel/schema/schema.ts'

/** Creates the schema for one kind of setting value. Any other Standard Schema works as well. */
function schemaOf<T>(
  keywords: JsonSchema,
  read: (value: unknown) => T | undefined,
  valid: string,
): Schema<T, T> {
  const jsonSchema = { ...keywords, 'x-valid': valid }
  return {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate: (given) => {
        const value = read(given)
        return value === undefined ? { issues: [{ message: `It must be ${valid}.` }] } : { value }
      },
      jsonSchema: { input: () => ({ ...jsonSchema }), output: () => ({ ...jsonSchema }) },
    },
  }
}

/**
 * Accepts non-empty text.
 *
 * @example
 * ```ts
 * setting(text(), { description: 'The name of the sender.', default: 'Shop' })
 * ```
 */
export function text(): Schema<string, string> {
  const read = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined
  return schemaOf({ type: 'string', minLength: 1 }, read, 'a string')
}

/**
 * Accepts an integer within inclusive bounds.
 *
 * @example
 * ```ts
 * setting(wholeNumber({ min: 1, max: 100 }), { description: 'Rows of a report.', default: '20' })
 * ```
 */
export function wholeNumber({
  min,
  max,
}: {
  readonly min: number
  readonly max: number
}): Schema<number, number> {
  return schemaOf(
    { type: 'integer', minimum: min, maximum: max },
    (value) =>
      Number.isInteger(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined,
    `an integer from ${min} to ${max}`,
  )
}

/**
 * Accepts one of the given words.
 *
 * @example
 * ```ts
 * setting(oneOf('eu', 'us'), { description: 'The region of the mail service.', default: 'eu' })
 * ```
 */
export function oneOf<const T extends string>(...words: readonly [T, ...T[]]): Schema<T, T> {
  return schemaOf(
    { enum: words },
    (value) => words.find((word) => word === value),
    `one of ${words.join(', ')}`,
  )
}

/**
 * Accepts `true` or `false`.
 *
 * @example
 * ```ts
 * setting(flag(), { description: 'True to send reports.', default: 'false' })
 * ```
 */
export function flag(): Schema<boolean, boolean> {
  return schemaOf(
    { type: 'boolean' },
    (value) => (typeof value === 'boolean' ? value : undefined),
    'true or false',
  )
}

/**
 * Accepts a URL with one of these protocols, such as `https`. Without arguments, accepts any
 * protocol.
 *
 * @example
 * ```ts
 * setting(url('https'), { description: 'The URL of the bank.', default: 'https://bank.example' })
 * ```
 */
export function url(...protocols: readonly string[]): Schema<string, string> {
  const valid =
    protocols.length === 0
      ? 'a URL'
      : `a URL that begins with ${protocols.map((name) => `${name}://`).join(' or ')}`
  return schemaOf(
    { type: 'string', format: 'uri' },
    (value) => {
      if (typeof value !== 'string' || !URL.canParse(value)) return undefined
      const { protocol } = new URL(value)
      return protocols.length === 0 || protocols.includes(protocol.slice(0, -1)) ? value : undefined
    },
    valid,
  )
}

/** Inclusive bounds of {@link durationMs}. */
export interface DurationBounds {
  /** Default `'0s'`. */
  readonly min?: Duration
  /** Default: none. */
  readonly max?: Duration
}

/**
 * Accepts a duration with its unit, such as `5s`; the value is in milliseconds.
 *
 * @example
 * ```ts
 * setting(durationMs({ min: '1s' }), { description: 'Interval of reports.', default: '5m' })
 * ```
 */
export function durationMs({ min = '0s', max }: DurationBounds = {}): Schema<number, number> {
  const minMs = toMilliseconds(min, { option: 'min', allowsZero: true })
  const maxMs = max === undefined ? Infinity : toMilliseconds(max, { option: 'max' })
  const from = minMs === 0 ? '' : `, at least ${min}`
  const to = max === undefined ? '' : `, at most ${max}`
  return schemaOf(
    { type: 'string' },
    (value) => {
      const ms = typeof value === 'string' ? readDurationMs(value) : undefined
      return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined
    },
    `a number followed by a unit of time (ms, s, m, h or d)${from}${to}`,
  )
}

const bytesPer: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

/**
 * Accepts a size with its unit, such as `1MiB`; the value is in bytes.
 *
 * @example
 * ```ts
 * setting(sizeBytes(), { description: 'Max size of an upload.', default: '10MiB' })
 * ```
 */
export function sizeBytes(): Schema<number, number> {
  return schemaOf(
    { type: 'string' },
    (value) => {
      const parts =
        typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|KiB|MiB|GiB)$/.exec(value) : null
      return parts ? Math.round(Number(parts[1]) * bytesPer[parts[2]!]!) : undefined
    },
    'a number and a unit of size: 512B, 64KiB, 1MiB or 2GB',
  )
}

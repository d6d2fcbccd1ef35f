import type { JsonSchema } from '../kernel/json-schema.ts'
import { readDurationMs } from '../kernel/duration.ts'
import type { Schema } from '../kernel/schema.ts'

/** A schema of one of the kinds of values that settings have. Any other Standard Schema does as well. */
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
        return value === undefined ? { issues: [{ message: `It has to be ${valid}.` }] } : { value }
      },
      jsonSchema: { input: () => ({ ...jsonSchema }), output: () => ({ ...jsonSchema }) },
    },
  }
}

/** A text that is not empty. */
export function text(): Schema<string, string> {
  const read = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined
  return schemaOf({ type: 'string', minLength: 1 }, read, 'a text')
}

/** A whole number within bounds, both included. */
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
    `a whole number from ${min} to ${max}`,
  )
}

/** One of a few words. */
export function oneOf<const T extends string>(...words: readonly [T, ...T[]]): Schema<T, T> {
  return schemaOf(
    { enum: words },
    (value) => words.find((word) => word === value),
    `one of ${words.join(', ')}`,
  )
}

/** `true` or `false`. */
export function flag(): Schema<boolean, boolean> {
  return schemaOf(
    { type: 'boolean' },
    (value) => (typeof value === 'boolean' ? value : undefined),
    'true or false',
  )
}

/** A URL of one of these protocols, such as `https`; of any, where none is named. */
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

/** A length of time with its unit, as `5s`; its value is in milliseconds. */
export function durationMs(): Schema<number, number> {
  return schemaOf(
    { type: 'string' },
    (value) => (typeof value === 'string' ? readDurationMs(value) : undefined),
    'a number and a unit of time: 250ms, 5s, 1m, 1h or 7d',
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

/** A size with its unit, as `1MiB`; its value is in bytes. */
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

import type pg from 'pg'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { StatementGuard } from '../../../kernel/host/statement-guard.ts'
import { prepareValue } from './driver-internals.ts'

/** A statement in the driver's format, with query builders' options for the rows. */
export interface DriverStatement {
  readonly text: string
  readonly values?: readonly unknown[] | undefined
  /** The name under which the statement is prepared, once per connection. Default: not prepared. */
  readonly name?: string | undefined
  readonly rowMode?: 'array' | undefined
  readonly queryMode?: 'extended' | undefined
  readonly types?: pg.CustomTypesConfig | undefined
  /** The file and line that run the statement, if known. */
  readonly calledAt?: string | undefined
  /** Limits the number of rows. Default: no limit. */
  readonly guard?: RowGuard | undefined
}

/** The row limit of a statement, and the error if it is exceeded. */
export type RowGuard = Pick<StatementGuard, 'maxRows' | 'tooManyRows'>

/** A statement, or only its text. */
export type DriverQuery = string | DriverStatement

// The protocol counts the parameters of a statement in 16 bits.
const maxValues = 65_535

/**
 * Serializes values. Strings, bytes and null stay unchanged.
 *
 * @throws HoldfastError `value-not-sendable`.
 */
export function toSendable(values: readonly unknown[] | undefined): readonly unknown[] | undefined {
  if (values === undefined || values === null) return undefined
  if (!Array.isArray(values)) {
    throw new HoldfastError(
      'value-not-sendable',
      `The values of a statement must be an array, but are of type ${typeof values}. Pass them in the order of $1, $2, ….`,
    )
  }
  if (values.length > maxValues) {
    throw new HoldfastError(
      'value-not-sendable',
      `A statement has ${values.length} parameters; Postgres allows at most ${maxValues}. Pass the rows as arrays: insert … select * from unnest($1::text[], $2::int[]).`,
    )
  }
  return values.map((value: unknown, index) => {
    try {
      return prepareValue(value)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new HoldfastError(
        'value-not-sendable',
        `The value of $${index + 1} cannot be serialized for Postgres: ${message}. Pass a JSON-compatible value, or its JSON text.`,
        { cause },
      )
    }
  })
}

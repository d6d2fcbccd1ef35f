import type pg from 'pg'
import { headerBytes } from './frame-reader.ts'
import { ProtocolViolation } from './protocol-violation.ts'

/** Options of a {@link RowReader}. */
export interface RowReaderOptions {
  readonly columns: readonly pg.FieldDef[]
  readonly types: pg.CustomTypesConfig
  /** True to return rows as arrays. */
  readonly isArray: boolean
}

/** Reads the rows of one result. They have the same form as the driver's rows. */
export class RowReader {
  readonly #columns: readonly pg.FieldDef[]
  readonly #parsers: readonly ((text: string) => unknown)[]
  readonly #isArray: boolean
  /**
   * A row whose columns are all null. Every row starts as a copy of it, so that all rows share one
   * hidden class.
   */
  readonly #empty: Readonly<Record<string, null>>

  constructor({ columns, types, isArray }: RowReaderOptions) {
    this.#columns = columns
    this.#parsers = columns.map(({ dataTypeID }) => types.getTypeParser(dataTypeID, 'text'))
    this.#isArray = isArray
    // The row has no prototype, because a column may be named `__proto__`.
    const empty = Object.create(null) as Record<string, null>
    for (const { name } of columns) empty[name] = null
    this.#empty = { ...empty }
  }

  /**
   * Reads a row.
   *
   * @throws ProtocolViolation if the row does not have these columns. Rethrows the error of a
   * parser.
   */
  read(bytes: Buffer, start: number, end: number): unknown {
    const row: Record<string | number, unknown> = this.#isArray
      ? ([] as unknown as Record<number, unknown>)
      : { ...this.#empty }
    const count = this.#columns.length
    let at = start + headerBytes + 2
    if (at > end || bytes.readUInt16BE(at - 2) !== count) throw otherColumns()
    for (let index = 0; index < count; index += 1) {
      if (at + 4 > end) throw otherColumns()
      const length = bytes.readInt32BE(at)
      at += 4
      if (length < -1 || at + length > end) throw otherColumns()
      const value = length === -1 ? null : this.#parsers[index]!(bytes.toString('utf8', at, at + length))
      if (length > 0) at += length
      row[this.#isArray ? index : this.#columns[index]!.name] = value
    }
    if (at !== end) throw otherColumns()
    return row
  }
}

function otherColumns(): ProtocolViolation {
  return new ProtocolViolation('a row that does not have the columns of its result')
}

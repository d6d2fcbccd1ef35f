import pg from 'pg'
import { headerBytes } from './frame-reader.ts'
import { ProtocolViolation } from './protocol-violation.ts'

/*
 * Reads the messages of a server, except rows. Nothing is read beyond the end of a message: a field
 * that exceeds its message is a protocol violation.
 */

/** A position in a message. */
class Cursor {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start + headerBytes
    this.#end = end
  }

  byte(): number {
    this.#require(1)
    return this.#bytes[this.#at++]!
  }

  int16(): number {
    this.#require(2)
    this.#at += 2
    return this.#bytes.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#require(4)
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  /** Returns a text that ends with a zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end === -1 || end >= this.#end) throw new ProtocolViolation('a text without its final zero byte')
    const text = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end + 1
    return text
  }

  requireEnd(): void {
    if (this.#at !== this.#end) throw new ProtocolViolation('a message with bytes after its last field')
  }

  #require(count: number): void {
    if (this.#at + count > this.#end) throw new ProtocolViolation('a message that ends within a field')
  }
}

/** Reads the columns of a result. */
export function readColumns(bytes: Buffer, start: number, end: number): pg.FieldDef[] {
  const cursor = new Cursor(bytes, start, end)
  const count = cursor.int16()
  const columns: pg.FieldDef[] = []
  for (let index = 0; index < count; index += 1) {
    columns.push({
      name: cursor.text(),
      tableID: cursor.uint32(),
      columnID: cursor.int16(),
      dataTypeID: cursor.uint32(),
      dataTypeSize: cursor.int16(),
      dataTypeModifier: cursor.int32(),
      format: cursor.int16() === 0 ? 'text' : 'binary',
    })
  }
  cursor.requireEnd()
  return columns
}

/** The command tag of a statement that has ended. */
export interface CommandTag {
  readonly command: string | null
  readonly rowCount: number | null
  readonly oid: number | null
}

const tags = new Map<string, CommandTag>()
const maxTags = 500

/** Reads a command tag: `SELECT 2`, `INSERT 0 1`, `COMMIT`. */
export function readTag(bytes: Buffer, start: number, end: number): CommandTag {
  const cursor = new Cursor(bytes, start, end)
  const text = cursor.text()
  cursor.requireEnd()
  const known = tags.get(text)
  if (known) return known
  const [, command = null, first, second] = /^([A-Za-z]+)(?: (\d+))?(?: (\d+))?/.exec(text) ?? []
  const tag = {
    command,
    rowCount: first === undefined ? null : Number(second ?? first),
    oid: second === undefined ? null : Number(first),
  }
  if (tags.size >= maxTags) tags.clear()
  tags.set(text, tag)
  return tag
}

/** Reads the transaction status: `'I'`, `'T'` or `'E'`. */
export function readStatus(bytes: Buffer, start: number, end: number): string {
  const cursor = new Cursor(bytes, start, end)
  const status = String.fromCharCode(cursor.byte())
  cursor.requireEnd()
  if (!['I', 'T', 'E'].includes(status)) throw new ProtocolViolation(`the transaction status ${status}`)
  return status
}

/** An error of the server. */
export interface ServerError {
  /** The error, in the same form as the driver's errors. */
  readonly error: pg.DatabaseError
  /** True if the server has ended the session. */
  readonly endsSession: boolean
}

/** Reads an error. */
export function readError(bytes: Buffer, start: number, end: number): ServerError {
  const cursor = new Cursor(bytes, start, end)
  const fields: Record<string, string | undefined> = {}
  for (let type = cursor.byte(); type !== 0; type = cursor.byte()) {
    fields[String.fromCharCode(type)] = cursor.text()
  }
  cursor.requireEnd()
  const error = new pg.DatabaseError(fields['M'] ?? '', end - start - 1, 'error')
  for (const [type, name] of errorFields) error[name] = fields[type]
  // The field V contains the severity in English; in the field S, it may be translated.
  return { error, endsSession: ['FATAL', 'PANIC'].includes(fields['V'] ?? fields['S'] ?? '') }
}

const errorFields = [
  ['S', 'severity'],
  ['C', 'code'],
  ['D', 'detail'],
  ['H', 'hint'],
  ['P', 'position'],
  ['p', 'internalPosition'],
  ['q', 'internalQuery'],
  ['W', 'where'],
  ['s', 'schema'],
  ['t', 'table'],
  ['c', 'column'],
  ['d', 'dataType'],
  ['n', 'constraint'],
  ['F', 'file'],
  ['L', 'line'],
  ['R', 'routine'],
] as const

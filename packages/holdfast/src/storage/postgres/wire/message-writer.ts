import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/*
 * Writes the messages of a client into one buffer, which is sent in one system call. Parameters and
 * results are in text format; only parameters of type `Uint8Array` are binary.
 */

const initialBytes = 64 * 1_024
// A larger buffer is not kept after use.
const maxKeptBytes = 1_024 * 1_024
// The server ends a session that sends a longer message.
const serversMaxBytes = 0x3fff_ffff
// A longer text is measured before it is written. For a shorter text, the max number of bytes that
// it may need is reserved.
const maxGuessedLength = 4_096
// UTF-8 needs at most three bytes for each UTF-16 code unit of a JavaScript string.
const maxBytesPerUnit = 3

const parse = 0x50
const bind = 0x42
const simpleQuery = 0x51
const describePortal = Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0])
// Execute, without a limit on the number of rows.
const execute = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0])
const sync = Buffer.from([0x53, 0, 0, 0, 4])

/** Collects messages. */
export class MessageWriter {
  readonly #maxMessageBytes: number
  #bytes = Buffer.allocUnsafeSlow(initialBytes)
  #at = 0

  constructor(maxMessageBytes: number = serversMaxBytes) {
    this.#maxMessageBytes = maxMessageBytes
  }

  /** Prepares a statement. An empty name selects the unnamed statement. */
  parse(name: string, text: string): void {
    const start = this.#begin(parse)
    this.#addTerminated(name)
    this.#addTerminated(text)
    // The server infers the types of the parameters.
    this.#reserve(2)
    this.#addInt16(0)
    this.#end(start)
  }

  /** Binds values to a prepared statement: texts, bytes, or null. */
  bind(name: string, values: readonly unknown[]): void {
    const start = this.#begin(bind)
    this.#reserve(1)
    this.#bytes[this.#at++] = 0
    this.#addTerminated(name)
    this.#addFormats(values)
    this.#reserve(2)
    this.#addInt16(values.length)
    for (const value of values) this.#addValue(value)
    this.#reserve(2)
    // The format of all columns of the result: text.
    this.#addInt16(0)
    this.#end(start)
  }

  /** Requests the columns of the bound statement. */
  describe(): void {
    this.#add(describePortal)
  }

  /** Executes the bound statement. */
  execute(): void {
    this.#add(execute)
  }

  /** Ends a group of messages. */
  sync(): void {
    this.#add(sync)
  }

  /** Executes the statements in a text. */
  query(text: string): void {
    const start = this.#begin(simpleQuery)
    this.#addTerminated(text)
    this.#end(start)
  }

  /** Returns the written bytes, and clears the buffer. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#at)
    const isKept = this.#bytes.length <= maxKeptBytes
    this.reset()
    return isKept ? Buffer.from(taken) : taken
  }

  /** Clears the buffer. */
  reset(): void {
    this.#at = 0
    if (this.#bytes.length > maxKeptBytes) this.#bytes = Buffer.allocUnsafeSlow(initialBytes)
  }

  #begin(type: number): number {
    this.#reserve(5)
    this.#bytes[this.#at] = type
    this.#at += 5
    return this.#at - 4
  }

  #end(start: number): void {
    const length = this.#at - start
    if (length > this.#maxMessageBytes) throw tooLong(length)
    this.#bytes.writeInt32BE(length, start)
  }

  #addFormats(values: readonly unknown[]): void {
    if (!values.some(isBytes)) {
      this.#reserve(2)
      return this.#addInt16(0)
    }
    this.#reserve(2 + 2 * values.length)
    this.#addInt16(values.length)
    for (const value of values) this.#addInt16(isBytes(value) ? 1 : 0)
  }

  #addValue(value: unknown): void {
    if (value === null || value === undefined) {
      this.#reserve(4)
      this.#addInt32(-1)
    } else if (isBytes(value)) {
      this.#reserve(4)
      this.#addInt32(value.length)
      this.#add(value)
    } else {
      // The driver serializes all other values as strings.
      const text = `${value as string}`
      this.#reserve(4 + room(text))
      const length = this.#bytes.write(text, this.#at + 4, 'utf8')
      this.#addInt32(length)
      this.#at += length
    }
  }

  #addTerminated(text: string): void {
    this.#reserve(room(text) + 1)
    this.#at += this.#bytes.write(text, this.#at, 'utf8')
    this.#bytes[this.#at++] = 0
  }

  #add(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  #addInt16(value: number): void {
    this.#at = this.#bytes.writeUInt16BE(value, this.#at)
  }

  #addInt32(value: number): void {
    this.#at = this.#bytes.writeInt32BE(value, this.#at)
  }

  #reserve(count: number): void {
    const needed = this.#at + count
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

function tooLong(bytes: number): HoldfastError {
  return new HoldfastError(
    'value-not-sendable',
    `A statement with its values is ${bytes} bytes long; Postgres accepts 1 GiB. Send the values in several statements.`,
  )
}

function isBytes(value: unknown): value is Uint8Array {
  return typeof value === 'object' && value instanceof Uint8Array
}

/** Returns the number of bytes to reserve for a text. */
function room(text: string): number {
  return text.length > maxGuessedLength ? Buffer.byteLength(text) : maxBytesPerUnit * text.length
}

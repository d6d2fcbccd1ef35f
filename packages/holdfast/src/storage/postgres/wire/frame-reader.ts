import { ProtocolViolation } from './protocol-violation.ts'

/*
 * Splits the bytes of a server into messages:
 *
 *   ┌──────┬─────────────────┬──────────────────┐
 *   │ type │ length (4 bytes)│ body             │   the length counts itself and the body
 *   └──────┴─────────────────┴──────────────────┘
 *
 * A chunk may end anywhere, even within a header. A message that lies within one chunk is not
 * copied. The bytes of any other message are collected in a buffer, which grows as they arrive: the
 * length in a header reserves no memory.
 */

/** The type of a message is the character code of a letter or a digit. */
export const messageTypes = {
  parseComplete: 0x31,
  bindComplete: 0x32,
  notification: 0x41,
  commandComplete: 0x43,
  dataRow: 0x44,
  error: 0x45,
  copyIn: 0x47,
  copyOut: 0x48,
  emptyQuery: 0x49,
  notice: 0x4e,
  parameterStatus: 0x53,
  rowDescription: 0x54,
  copyBoth: 0x57,
  ready: 0x5a,
  noData: 0x6e,
} as const

/** Receives a message: the bytes from `start`, where its header begins, to `end`. */
export type ReceiveMessage = (bytes: Buffer, start: number, end: number) => void

/** The size of a message header, in bytes: the type and the length. */
export const headerBytes = 5

// The types of messages that may be long, as in libpq.
const longTypes: ReadonlySet<number> = new Set([
  messageTypes.dataRow,
  messageTypes.error,
  messageTypes.notice,
  messageTypes.notification,
  messageTypes.rowDescription,
])
const maxShortLength = 30_000
// The server cannot build a longer message.
const maxLongLength = 0x3fff_ffff

/** Splits a stream of bytes into messages. */
export class FrameReader {
  readonly #receive: ReceiveMessage
  #partial: Buffer = Buffer.alloc(0)
  /** The number of bytes in `#partial` that belong to the incomplete message. */
  #filled = 0

  constructor(receive: ReceiveMessage) {
    this.#receive = receive
  }

  /** The number of bytes reserved for an incomplete message. */
  get reservedBytes(): number {
    return this.#partial.length
  }

  /**
   * Reads a chunk, and passes on each complete message.
   *
   * @throws ProtocolViolation if a header is invalid.
   */
  read(chunk: Buffer): void {
    let at = this.#filled === 0 ? 0 : this.#complete(chunk)
    while (at + headerBytes <= chunk.length) {
      const end = at + frameLength(chunk, at)
      if (end > chunk.length) break
      this.#receive(chunk, at, end)
      at = end
    }
    if (at < chunk.length) this.#keep(chunk, at)
  }

  /**
   * Completes the message that began in an earlier chunk. Returns the offset after it in the chunk.
   */
  #complete(chunk: Buffer): number {
    let at = this.#fill(chunk, 0, headerBytes)
    if (this.#filled < headerBytes) return at
    const length = frameLength(this.#partial, 0)
    at = this.#fill(chunk, at, length)
    if (this.#filled < length) return at
    const message = this.#partial
    this.#partial = Buffer.alloc(0)
    this.#filled = 0
    this.#receive(message, 0, length)
    return at
  }

  /**
   * Copies bytes from the offset `at` until the message has `length` bytes, or the chunk ends.
   * Returns the offset after the last copied byte.
   */
  #fill(chunk: Buffer, at: number, length: number): number {
    const end = Math.min(chunk.length, at + Math.max(0, length - this.#filled))
    this.#reserve(this.#filled + end - at, length)
    chunk.copy(this.#partial, this.#filled, at, end)
    this.#filled += end - at
    return end
  }

  #keep(chunk: Buffer, at: number): void {
    this.#reserve(Math.max(headerBytes, chunk.length - at), maxLongLength)
    this.#filled = chunk.copy(this.#partial, 0, at)
  }

  #reserve(needed: number, max: number): void {
    if (needed <= this.#partial.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(max, 2 * this.#partial.length)))
    this.#partial.copy(larger, 0, 0, this.#filled)
    this.#partial = larger
  }
}

/** Returns the length of a message with its header, in bytes. */
function frameLength(bytes: Buffer, start: number): number {
  const type = bytes[start]!
  const length = bytes.readUInt32BE(start + 1)
  if (length < headerBytes - 1 || length > (longTypes.has(type) ? maxLongLength : maxShortLength)) {
    throw new ProtocolViolation(`a message of type ${type} with the length ${length}`)
  }
  return length + 1
}

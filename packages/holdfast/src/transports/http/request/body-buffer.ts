import { ContentTooLarge } from '../../../kernel/problem/problems.ts'

// The size of the first buffer. Most bodies that arrive in several chunks fit into it.
const firstCapacityBytes = 16_384

// The max number of chunks is `baseChunks`, plus one for every `bytesPerChunk` bytes of the body
// limit. `baseChunks` is enough for short bodies. Handling a chunk costs about as much as handling
// `bytesPerChunk` bytes.
const bytesPerChunk = 64
const baseChunks = 1_024

/**
 * Collects the chunks of a body in one growing buffer. A list of chunks would use hundreds of bytes
 * for each chunk of one byte. Limits both the number of chunks and the number of bytes.
 */
export class BodyBuffer {
  readonly #limitBytes: number
  readonly #maxChunks: number
  #buffer: Uint8Array = new Uint8Array()
  #length = 0
  #chunks = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
    this.#maxChunks = baseChunks + Math.ceil(limitBytes / bytesPerChunk)
  }

  /** Adds a chunk, which must not be changed afterwards. Throws `ContentTooLarge`. */
  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    this.#chunks += 1
    if (length > this.#limitBytes) throw bodyTooLarge(this.#limitBytes)
    if (this.#chunks > this.#maxChunks) throw bodyTooScattered()
    if (this.#length === 0) this.#buffer = chunk
    else {
      // The first chunk becomes the buffer itself. This buffer is full, so `set` below never writes
      // into the sender's memory.
      if (length > this.#buffer.length) this.#grow(length)
      this.#buffer.set(chunk, this.#length)
    }
    this.#length = length
  }

  /** Returns the bytes of all chunks. A single chunk is not copied. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  #grow(length: number): void {
    const capacity = Math.max(firstCapacityBytes, length, this.#buffer.length * 2)
    const grown = new Uint8Array(Math.min(capacity, this.#limitBytes))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}

/** Returns the problem of a body with more bytes than allowed. */
export function bodyTooLarge(limitBytes: number): Error {
  return ContentTooLarge({ detail: `The body exceeds the limit of ${limitBytes} bytes.` })
}

/**
 * Returns the problem of a body whose chunks have only a few bytes each, or whose chunk extensions
 * are too long.
 */
export function bodyTooScattered(): Error {
  return ContentTooLarge({
    detail: 'The body has too many small chunks, or its chunk extensions are longer than the body.',
  })
}

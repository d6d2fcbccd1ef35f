import { ContentTooLarge } from '../kernel/problems.ts'

// Most bodies come in one chunk, and most others fit into this.
const firstCapacityBytes = 16_384

// A chunk costs about as much as so many bytes, however few it has. The base is for short bodies.
const bytesPerChunk = 64
const baseChunks = 1_024

/**
 * Collects a body that comes in chunks, in one buffer that grows: a list of chunks would hold hundreds
 * of bytes for each chunk of one byte. Counts the chunks as well as the bytes.
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

  /** Adds a chunk, which is not to be changed afterwards. Throws `ContentTooLarge`. */
  add(chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    this.#chunks += 1
    if (length > this.#limitBytes) throw bodyTooLarge(this.#limitBytes)
    if (this.#chunks > this.#maxChunks) throw bodyTooScattered()
    if (this.#length === 0) this.#buffer = chunk
    else {
      // The first chunk is full, so that nothing is written into what its sender made.
      if (length > this.#buffer.length) this.#grow(length)
      this.#buffer.set(chunk, this.#length)
    }
    this.#length = length
  }

  /** Returns the bytes of all chunks, which may be those of the only chunk. */
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

/** The refusal of a body with more bytes than allowed. */
export function bodyTooLarge(limitBytes: number): Error {
  return ContentTooLarge({ detail: `The body may have at most ${limitBytes} bytes.` })
}

/** The refusal of a body in chunks of a few bytes, or with much else between them. */
export function bodyTooScattered(): Error {
  return ContentTooLarge({
    detail: 'The body comes in too many small chunks, or with chunk extensions that are longer than it.',
  })
}

import type { Cancellation } from '../kernel/cancellation.ts'

/** A request as a runtime hands it over: what the handler reads of it, and nothing that has to be built first. */
export interface HttpRequest {
  readonly method: string
  /** The path and the query string as they were sent; `*` where a request is about the whole server. */
  readonly target: string
  /** A header by its lower-case name; several of one name are joined by commas. */
  readonly header: (name: string) => string | undefined
  /** Aborted when the client has gone away. */
  readonly client: Cancellation
  /**
   * Reads the content, empty where there is none; `undefined` where it is longer than `limitBytes`, which is found out without
   * keeping more than that. Rejects where the content breaks off.
   */
  readonly readContent: (limitBytes: number) => Promise<Uint8Array | undefined>
}

/** A request of the Fetch standard as the handler reads it. */
export function fromRequest(request: Request): HttpRequest {
  return {
    method: request.method,
    target: targetOf(request.url),
    header: (name) => request.headers.get(name) ?? undefined,
    client: request.signal,
    readContent: (limitBytes) => readStream(request.body, limitBytes),
  }
}

function targetOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const fragment = url.indexOf('#', start)
  return fragment === -1 ? url.slice(start) : url.slice(start, fragment)
}

async function readStream(
  stream: ReadableStream<Uint8Array> | null,
  limitBytes: number,
): Promise<Uint8Array | undefined> {
  if (!stream) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = stream.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.length
    if (length > limitBytes) {
      await reader.cancel()
      return undefined
    }
    chunks.push(part.value)
  }
  return joinChunks(chunks, length)
}

function joinChunks(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!
  const joined = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.length
  }
  return joined
}

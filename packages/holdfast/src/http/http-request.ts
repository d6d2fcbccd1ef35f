import type { Cancellation } from '../kernel/cancellation.ts'
import { BodyBuffer } from './body-buffer.ts'

/** A request as a runtime hands it over: what the handler reads of it, and nothing that has to be built first. */
export interface HttpRequest {
  readonly method: string
  /** The path and the query string as they were sent; `*` where a request is about the whole server. */
  readonly target: string
  /** A header by its lower-case name; several of one name are joined by commas. */
  readonly header: (name: string) => string | undefined
  /** The connection that it came on, for telemetry. Default: not known. */
  readonly connection?: RequestConnection
  /** Aborted when the client has gone away. */
  readonly client: Cancellation
  /**
   * Reads the content, which is empty if there is none. Rejects with `ContentTooLarge` as soon as it is
   * longer than `limitBytes` or comes in too many chunks, and otherwise if it breaks off.
   */
  readonly readContent: (limitBytes: number) => Promise<Uint8Array>
}

/** The connection of a request. */
export interface RequestConnection {
  /** The version of HTTP: `1.1`. */
  readonly protocolVersion: string
  /** The address of the other end, which is often that of a load balancer. */
  readonly peerAddress: string | undefined
  readonly peerPort: number | undefined
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
): Promise<Uint8Array> {
  const content = new BodyBuffer(limitBytes)
  if (!stream) return content.bytes()
  const reader = stream.getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    try {
      content.add(part.value)
    } catch (error) {
      await reader.cancel()
      throw error
    }
  }
  return content.bytes()
}

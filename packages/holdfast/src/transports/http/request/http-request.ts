import type { Cancellation } from '../../../kernel/base/cancellation.ts'
import type { Peer } from '../../../kernel/operation/credentials.ts'
import { BodyBuffer } from './body-buffer.ts'

/**
 * A request as a runtime passes it to the handler. It contains only parts that are cheap to create
 * and that the handler needs.
 */
export interface HttpRequest {
  readonly method: string
  /** The path and the query string as sent; `*` if a request is about the whole server. */
  readonly target: string
  /**
   * Returns a header by its lower-case name; several fields with one name are joined with commas.
   */
  readonly header: (name: string) => string | undefined
  /** The connection of the request, for telemetry. Default: unknown. */
  readonly connection?: RequestConnection
  /** Returns the client of the request, for identifiers and access rules. Default: unknown. */
  readonly peer?: () => Peer
  /** Aborted when the client disconnects. */
  readonly client: Cancellation
  /**
   * Reads the body; resolves to an empty array if there is no body. Rejects with `ContentTooLarge`
   * as soon as the body exceeds `limitBytes` or has too many chunks, and with a different error if
   * the connection is lost.
   */
  readonly readContent: (limitBytes: number) => Promise<Uint8Array>
}

/** The connection of a request. */
export interface RequestConnection {
  /** The HTTP version: `1.1`. */
  readonly protocolVersion: string
  /** The address of the peer, which is often a load balancer. */
  readonly peerAddress: string | undefined
  readonly peerPort: number | undefined
}

/**
 * Returns a Fetch request in the form that the handler reads. A request that a program has created
 * has no Host header; its host is that of its URL.
 */
export function fromRequest(request: Request): HttpRequest {
  return {
    method: request.method,
    target: targetOf(request.url),
    header: (name) => request.headers.get(name) ?? (name === 'host' ? new URL(request.url).host : undefined),
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

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpRequest } from '../../http/http-request.ts'

/** A request of node:http as the handler reads it. `beforeContent` is called when its content is asked for. */
export function fromIncoming(
  incoming: IncomingMessage,
  response: ServerResponse,
  beforeContent: () => void = () => {},
): HttpRequest {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  return {
    method: incoming.method ?? 'GET',
    target: targetOf(incoming.url ?? '/'),
    header: (name) => headerOf(incoming, name),
    signal: controller.signal,
    readContent(limitBytes) {
      beforeContent()
      return readContent(incoming, limitBytes)
    },
  }
}

/** A request's header by its lower-case name. */
export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'object' ? value.join(', ') : value
}

// RFC 9112 section 3.2.2: a client may send the whole URL, whose authority then says nothing new.
const absoluteForm = /^https?:\/\/[^/?]*/i

function targetOf(url: string): string {
  const authority = absoluteForm.exec(url)
  if (!authority) return url
  const rest = url.slice(authority[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function readContent(incoming: IncomingMessage, limitBytes: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const keep = (chunk: Buffer): void => {
      length += chunk.length
      if (length <= limitBytes) {
        chunks.push(chunk)
        return
      }
      // What is still to come is left to whoever ends the exchange.
      incoming.off('data', keep).pause()
      resolve(undefined)
    }
    incoming.on('data', keep)
    incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length)))
    incoming.once('error', reject)
  })
}

import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** A received request. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers a request to the receiver. */
export type Reply = (request: Received, response: http.ServerResponse) => void

/** A server that records its requests. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly requests: Received[]
  /** Sets the reply to later requests. Default: 204. */
  reply(reply: Reply): void
}

/** Starts a receiver on a loopback address. */
export async function startReceiver(host = '127.0.0.1'): Promise<Receiver> {
  const requests: Received[] = []
  let answer: Reply = (_, response) => void response.writeHead(204).end()
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const received = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString(),
      }
      requests.push(received)
      answer(received, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${host}:${port}/`,
    port,
    requests,
    reply(reply) {
      answer = reply
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A receiver of spans and metrics over OTLP/HTTP. */
export interface Collector {
  /** The value of `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string
  stop(): Promise<void>
}

/** The kind of telemetry in a request. */
export type Signal = 'traces' | 'metrics'

/**
 * Starts a collector that accepts everything. `onBody` receives the bodies, which are JSON or
 * Protobuf. Both encodings contain texts unchanged.
 */
export async function startCollector(
  onBody: (signal: Signal, body: string) => void = () => {},
): Promise<Collector> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      onBody(request.url === '/v1/traces' ? 'traces' : 'metrics', body.toString('latin1'))
      const type = request.headers['content-type'] ?? ''
      // An empty message, in the encoding of the request.
      response.writeHead(200, { 'content-type': type }).end(type.includes('json') ? '{}' : '')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

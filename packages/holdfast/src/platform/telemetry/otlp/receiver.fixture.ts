import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished } from 'vitest'
import {
  metricsRequest,
  type ReceivedMetric,
  type ReceivedSpan,
  tracesRequest,
} from './otlp-schema.fixture.ts'

/** A receiver's response. `hang`: no response. `stall`: only the beginning of a response. */
export type Reply =
  | 'hang'
  | 'stall'
  | {
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }

/** A request that was received. */
export interface ReceivedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The body as received, parsed as JSON. */
  readonly json: unknown
}

/** A receiver of OTLP/HTTP that rejects every request not defined by the protocol. */
export interface Receiver {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  /** The spans of the requests that got a 200. */
  readonly spans: readonly ReceivedSpan[]
  /** Returns a metric of the last request that got a 200. */
  metric(name: string): ReceivedMetric | undefined
  /** Stops immediately and closes all connections. */
  kill(): Promise<void>
}

/** Options of {@link startReceiver}. */
export interface ReceiverOptions {
  /** Returns the response to the nth request for a path, counted from 0. Default: 200. */
  readonly answer?: (n: number, path: string) => Reply
  /** The port. Default: any. */
  readonly port?: number
}

/**
 * Starts a receiver that runs until the test ends; the test fails if a request is not valid OTLP.
 */
export async function startReceiver({ answer, port = 0 }: ReceiverOptions = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  const spans: ReceivedSpan[] = []
  const violations: unknown[] = []
  let metrics: readonly ReceivedMetric[] = []

  function read(path: string, json: unknown): void {
    if (path === '/v1/traces') {
      const { resourceSpans } = tracesRequest.parse(json)
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
    } else if (path === '/v1/metrics') {
      const { resourceMetrics } = metricsRequest.parse(json)
      metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    } else violations.push(`nothing is received at ${path}`)
  }

  const server = createServer((request, response) => void receive(request, response))

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const path = request.url ?? ''
    const content = Buffer.concat(chunks)
    const isZipped = request.headers['content-encoding'] === 'gzip'
    const json: unknown = JSON.parse((isZipped ? gunzipSync(content) : content).toString())
    const n = requests.filter((other) => other.path === path).length
    requests.push({ path, headers: request.headers, json })
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
      violations.push({ method: request.method, type: request.headers['content-type'] })
    }
    const reply = answer?.(n, path) ?? { status: 200, body: '{}' }
    if (reply === 'hang') return
    if (reply === 'stall') {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
      return
    }
    try {
      if (reply.status === 200) read(path, json)
    } catch (error) {
      violations.push(error)
    }
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
    response.end(reply.body)
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  const kill = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  onTestFinished(async () => {
    await kill()
    expect(violations).toEqual([])
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans,
    metric: (name) => metrics.find((metric) => metric.name === name),
    kill,
  }
}

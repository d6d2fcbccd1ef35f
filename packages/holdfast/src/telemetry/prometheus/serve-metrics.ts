import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import type { MetricSource } from '../metric.ts'
import { metricsText } from './metrics-text.ts'

/** Where metrics are to be served. */
export interface ServedAt {
  /** 0 takes any that is free. */
  readonly port: number
  readonly host: string
  /** Whether an option or a variable says so, rather than the default. */
  readonly isAsked: boolean
  /** Whether a service must not start without them. */
  readonly isRequired: boolean
}

/** Metrics that are served. */
export interface MetricsServer {
  /** Where they are reached from this machine. */
  readonly url: string
  readonly port: number
  /** Stops serving, at once. */
  stop(): Promise<void>
}

// Whoever collects metrics makes one connection and asks once: this is no place to wait in, nor to ask again and again before the first
// answer has been read.
const mostConnections = 32
const timeoutMs = 5_000
const limits = { requestTimeout: timeoutMs, headersTimeout: timeoutMs, connectionsCheckingInterval: 1_000 }

/**
 * Serves the metrics at `GET /metrics`, for Prometheus to collect.
 *
 * @throws HoldfastError `metrics-not-served` where the port is taken, or the address is none of this machine.
 */
export async function serveMetrics(
  telemetry: MetricSource,
  { port, host }: Pick<ServedAt, 'port' | 'host'>,
): Promise<MetricsServer> {
  const server = createServer(limits, (request, response) => {
    response.shouldKeepAlive = false
    const path = request.url?.split('?', 1)[0]
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (path !== '/metrics' || !isRead) {
      const status = path === '/metrics' ? 405 : 404
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', allow: 'GET, HEAD' })
      response.end('The metrics are at GET /metrics.\n')
      return
    }
    const { contentType, text } = metricsText(telemetry, request.headers.accept)
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store', vary: 'Accept' })
    response.end(text)
  })
  server.maxConnections = mostConnections
  server.maxRequestsPerSocket = 1
  server.setTimeout(timeoutMs)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotServe(cause, port, host)))
    server.listen(port, host, resolve)
  })
  // Nothing is to be kept alive only so that its metrics can be read.
  server.unref()
  const { port: taken } = server.address() as AddressInfo
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return {
    url: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${taken}/metrics`,
    port: taken,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function cannotServe(cause: NodeJS.ErrnoException, port: number, host: string): HoldfastError {
  const why = cause.code === 'EADDRINUSE' ? 'another process has it' : String(cause.code)
  return new HoldfastError(
    'metrics-not-served',
    `The metrics cannot be served on port ${port} of ${host}: ${why}. Choose another with OTEL_EXPORTER_PROMETHEUS_PORT and OTEL_EXPORTER_PROMETHEUS_HOST, or the option metricsServer of telemetry, whose value false leaves them out.`,
    { cause },
  )
}

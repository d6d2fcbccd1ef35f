import type { AddressInfo } from 'node:net'
import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'
import type { MetricSource } from '../metrics/metric.ts'
import { metricsText } from './metrics-text.ts'

/** The address at which metrics are served. */
export interface MetricsAddress {
  /** The port; 0 takes any free port. */
  readonly port: number
  readonly host: string
  /** True if the port was set by an option or a variable. */
  readonly isAsked: boolean
  /** True to fail the start if metrics cannot be served. */
  readonly isRequired: boolean
}

/** A server of metrics. */
export interface MetricsServer {
  /** The URL of the metrics for clients on this machine. */
  readonly url: string
  readonly port: number
  /** Stops serving immediately. */
  stop(): Promise<void>
}

// The limits are low, so that other clients cannot tie up the process. They are enough for a
// collector, which makes one connection and one request at a time.
const maxConnections = 32
const timeoutMs = 5_000
const limits = { requestTimeout: timeoutMs, headersTimeout: timeoutMs, connectionsCheckingInterval: 1_000 }

/**
 * Serves the metrics at `GET /metrics`, for Prometheus to scrape.
 *
 * @throws HoldfastError `metrics-not-served` if the port is in use or the address does not belong
 *   to this machine.
 *
 * @example
 * ```ts
 * const telemetry = createTelemetry({}, { service: { name: 'shop' } })
 * const server = await serveMetrics(telemetry, { port: 0, host: '127.0.0.1' })
 * await server.stop()
 * await telemetry.stop()
 * ```
 */
export async function serveMetrics(
  telemetry: MetricSource,
  { port, host }: Pick<MetricsAddress, 'port' | 'host'>,
): Promise<MetricsServer> {
  const server = process.getBuiltinModule('node:http').createServer(limits, (request, response) => {
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
  server.maxConnections = maxConnections
  server.maxRequestsPerSocket = 1
  server.setTimeout(timeoutMs)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotServe(cause, port, host)))
    server.listen(port, host, resolve)
  })
  // Serving metrics must not keep the process alive.
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
  const why = cause.code === 'EADDRINUSE' ? 'it is in use by another process' : String(cause.code)
  return new HoldfastError(
    'metrics-not-served',
    `Cannot serve metrics on port ${port} on ${host}: ${why}. Choose another address with OTEL_EXPORTER_PROMETHEUS_PORT and OTEL_EXPORTER_PROMETHEUS_HOST, or with the option metricsServer of telemetry; or disable the metrics server with metricsServer: false.`,
    { cause },
  )
}

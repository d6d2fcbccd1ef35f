import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import {
  createTelemetry,
  type RunningTelemetry,
  type TelemetryHost,
  withDefaults,
} from './create-telemetry.ts'
import type { MetricsAddress } from './prometheus/serve-metrics.ts'
import { readTelemetrySettings } from './settings.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'

/**
 * Starts the telemetry of a service as {@link createTelemetry} does, and serves its metrics. If
 * metrics cannot be served, the service starts without them and prints a notice. In production, if
 * the metrics server is configured explicitly, the start fails instead.
 *
 * @throws HoldfastError `configuration-invalid`; `metrics-not-served` in production.
 */
export async function watchService(
  options: TelemetryOptions = {},
  host: TelemetryHost = {},
): Promise<RunningTelemetry> {
  const known = withDefaults(host)
  const { isEnabled, metricsServer } = readTelemetrySettings({ ...known, options, notify: () => {} })
  const telemetry = createTelemetry(options, host)
  if (!isEnabled || !metricsServer) return telemetry
  try {
    const { serveMetrics } = await import('./prometheus/serve-metrics.ts')
    const server = await serveMetrics(telemetry, metricsServer)
    known.log.debug({ url: server.url }, 'serving metrics')
    return {
      ...telemetry,
      async stop(limitMs) {
        await Promise.all([server.stop(), telemetry.stop(limitMs)])
      },
    }
  } catch (error) {
    if (metricsServer.isRequired || !(error instanceof HoldfastError)) {
      await telemetry.stop(0)
      throw error
    }
    known.notify(isInUse(error) && !metricsServer.isAsked ? notServed(metricsServer) : error.message)
    return telemetry
  }
}

function isInUse({ cause }: HoldfastError): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
}

/**
 * Returns the notice that metrics are not served because the default port is in use, for example by
 * another service on the machine.
 */
function notServed({ port }: MetricsAddress): string {
  return `port ${port} is in use, so metrics are not served; choose another port with OTEL_EXPORTER_PROMETHEUS_PORT`
}

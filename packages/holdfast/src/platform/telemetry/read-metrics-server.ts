import type { Mode } from '../../kernel/host/service-host.ts'
import type { MetricsAddress } from './prometheus/serve-metrics.ts'
import { readMetricExporters } from './read-exports.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'
import { invalid, type Variables } from './variables.ts'

/** OpenTelemetry's default for Prometheus. */
const defaultPort = 9_464
const maxPort = 65_535

/** Returns the address at which metrics are served; `undefined` if metrics are not served. */
export function readMetricsServer(
  { metricsServer }: TelemetryOptions,
  variables: Variables,
  mode: Mode,
): MetricsAddress | undefined {
  const exporters = readMetricExporters(variables)
  const port =
    checkPort(metricsServer === false ? undefined : metricsServer?.port) ??
    variables.number('OTEL_EXPORTER_PROMETHEUS_PORT', { min: 0, max: maxPort })
  const isAsked =
    metricsServer !== undefined || port !== undefined || exporters?.includes('prometheus') === true
  if (metricsServer === false || (exporters && !isAsked)) return undefined
  // Tests do not serve metrics by default: the port may be in use by another test, or by a service
  // under development on the same machine.
  if (mode === 'test' && !isAsked) return undefined
  return {
    port: Math.floor(port ?? defaultPort),
    // Collectors reach a container from outside. A service under development must not be reachable
    // from other machines.
    host:
      metricsServer?.host ??
      variables.text('OTEL_EXPORTER_PROMETHEUS_HOST') ??
      (mode === 'production' ? '0.0.0.0' : '127.0.0.1'),
    isAsked,
    isRequired: isAsked && mode === 'production',
  }
}

function checkPort(port: number | undefined): number | undefined {
  if (port === undefined || (Number.isInteger(port) && port >= 0 && port <= maxPort)) return port
  throw invalid(
    `The option metricsServer.port of telemetry is ${port}; it must be an integer from 0 to ${maxPort} (0 selects any free port).`,
  )
}

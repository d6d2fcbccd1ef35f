import type { Attributes } from './span.ts'
import type { TelemetryBridge } from './telemetry-bridge.ts'

/**
 * Options of telemetry: the data to record, and their destination. The standard variables of
 * OpenTelemetry set the same options; an option takes precedence over its variable.
 */
export interface TelemetryOptions {
  /**
   * Joins the spans of another tracing API: `openTelemetry()` of `holdfast/opentelemetry`. Default:
   * none.
   */
  readonly bridge?: TelemetryBridge
  /**
   * URL of the OTLP/HTTP receiver of spans and metrics, without `/v1/traces`:
   * `http://localhost:4318`. Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, or the separate variables for
   * traces and for metrics. If none of these variables is set, nothing is sent.
   */
  readonly endpoint?: string
  /**
   * Headers of every request to the receiver, such as its API key. Default:
   * `OTEL_EXPORTER_OTLP_HEADERS`. Never logged.
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Share of the traces that is recorded, 0 to 1. It applies to traces that start in this service.
   * A trace that starts in another service is recorded if that service records it. Default:
   * `OTEL_TRACES_SAMPLER` and its `_ARG`, else 1.
   */
  readonly samplingRatio?: number
  /**
   * Additional attributes of the service: `{ 'deployment.environment.name': 'staging' }`. Default:
   * `OTEL_RESOURCE_ATTRIBUTES`.
   */
  readonly resource?: Attributes
  /**
   * Hosts to which `fetch` sends no trace context (`traceparent`, `tracestate`):
   * `['api.example.com', '*.example.org']`. Default: none; every host receives the trace context. A
   * trace context contains random ids, and state of the callers' tracing systems. List the hosts of
   * third parties if they must not be able to correlate your requests.
   */
  readonly untracedHosts?: readonly string[]
  /**
   * Max number of ended spans that wait to be exported. Default: `OTEL_BSP_MAX_QUEUE_SIZE`, else
   * 4,096.
   */
  readonly spanBufferSize?: number
  /**
   * Max number of series per instrument. Further series share one overflow series. Default 2,000.
   */
  readonly seriesLimit?: number
  /**
   * True to measure the process itself: CPU, memory, event loop, garbage collection. Default
   * true.
   */
  readonly runtimeMetrics?: boolean
  /**
   * The separate server for `/metrics` (Prometheus); `false` disables it. Default: enabled if
   * `OTEL_METRICS_EXPORTER` contains `prometheus`; if the variable is not set, enabled except in
   * tests.
   */
  readonly metricsServer?: false | MetricsServerOptions
}

/** The address of the metrics server. */
export interface MetricsServerOptions {
  /**
   * The port to listen on; 0 takes any free port. Default: `OTEL_EXPORTER_PROMETHEUS_PORT`, else
   * 9464.
   */
  readonly port?: number
  /**
   * The address to listen on. Default: `OTEL_EXPORTER_PROMETHEUS_HOST`, else `127.0.0.1`, or
   * `0.0.0.0` in production.
   */
  readonly host?: string
}

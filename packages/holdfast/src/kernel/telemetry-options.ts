import type { Attributes } from './span.ts'
import type { TelemetryBridge } from './telemetry-bridge.ts'

/**
 * What is to be recorded of a service, and where it goes. The standard variables of OpenTelemetry say the same; an option goes
 * before its variable.
 */
export interface TelemetryOptions {
  /** Joins the spans of another tracing API: `openTelemetry()` of `holdfast/opentelemetry`. Default: none. */
  readonly bridge?: TelemetryBridge
  /**
   * The receiver of OTLP/HTTP that spans and metrics are sent to, without `/v1/traces`: `http://localhost:4318`. Default:
   * `OTEL_EXPORTER_OTLP_ENDPOINT`, or the ones of traces and metrics alone; without any, nothing is sent.
   */
  readonly endpoint?: string
  /** Header fields of every request to the receiver, such as its key. Default: `OTEL_EXPORTER_OTLP_HEADERS`. Never logged. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * The share of the traces that begin here which is recorded, from 0 to 1; what another service began is recorded where that
   * service records it. Default: what `OTEL_TRACES_SAMPLER` and its `_ARG` say, else 1.
   */
  readonly samplingRatio?: number
  /** Says more about the service: `{ 'deployment.environment.name': 'staging' }`. Default: `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly resource?: Attributes
  /**
   * Hosts to which `fetch` sends no trace context (`traceparent`, `tracestate`): `['api.example.com', '*.example.org']`. Default:
   * none, so that every host gets it. It holds random ids and what tracing systems of callers have put into `tracestate`; list
   * the hosts of third parties if they must not be able to tell which of your requests belong together.
   */
  readonly untracedHosts?: readonly string[]
  /** How many ended spans are kept until they are read. Default: `OTEL_BSP_MAX_QUEUE_SIZE`, else 4,096. */
  readonly spanBufferSize?: number
  /** How many series an instrument has at most; what comes after goes into one of its own. Default 2,000. */
  readonly seriesLimit?: number
  /** Whether the process itself is measured: CPU, memory, event loop, garbage collection. Default true. */
  readonly runtimeMetrics?: boolean
  /**
   * Where `/metrics` is served for Prometheus, on a port of its own; `false`: nowhere. Default: as `OTEL_METRICS_EXPORTER` says
   * (`prometheus`, `otlp`, `none`, or several), else served, but in tests.
   */
  readonly metricsServer?: false | MetricsServerOptions
}

/** Where metrics are served. */
export interface MetricsServerOptions {
  /** 0 takes any free port. Default: `OTEL_EXPORTER_PROMETHEUS_PORT`, else 9464. */
  readonly port?: number
  /** Default: `OTEL_EXPORTER_PROMETHEUS_HOST`, else `127.0.0.1`, in production `0.0.0.0`. */
  readonly host?: string
}

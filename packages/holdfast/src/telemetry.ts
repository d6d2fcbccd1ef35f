export {
  createTelemetry,
  type RunningTelemetry,
  type TelemetryHost,
} from './platform/telemetry/create-telemetry.ts'
export type {
  Exemplar,
  HistogramPoint,
  Metric,
  MetricSource,
  NumberPoint,
} from './platform/telemetry/metrics/metric.ts'
export { metricsText, type MetricsText } from './platform/telemetry/prometheus/metrics-text.ts'
export {
  serveMetrics,
  type MetricsServer,
  type MetricsAddress,
} from './platform/telemetry/prometheus/serve-metrics.ts'
export {
  attributesOf,
  type FinishedSpan,
  type SpanEvent,
  type SpanFailure,
} from './platform/telemetry/spans/finished-span.ts'
export type { ServiceIdentity } from './platform/telemetry/resource.ts'
export type { RingReader, SpanBatch as Taken } from './platform/telemetry/spans/ring.ts'
export type { MetricsServerOptions, TelemetryOptions } from './kernel/telemetry/telemetry-options.ts'
export { watchService } from './platform/telemetry/watch-service.ts'
export type { Attributes, AttributeValue, Span, SpanKind } from './kernel/telemetry/span.ts'
export type {
  Counter,
  CounterSeries,
  Histogram,
  HistogramDefinition,
  HistogramSeries,
  InstrumentDefinition,
  Observation,
  Telemetry,
} from './kernel/telemetry/telemetry.ts'

export {
  createTelemetry,
  type RunningTelemetry,
  type TelemetrySurroundings,
} from './telemetry/create-telemetry.ts'
export type { Exemplar, HistogramPoint, Metric, MetricSource, NumberPoint } from './telemetry/metric.ts'
export { metricsText, type MetricsText } from './telemetry/prometheus/metrics-text.ts'
export { serveMetrics, type MetricsServer, type ServedAt } from './telemetry/prometheus/serve-metrics.ts'
export {
  attributesOf,
  type FinishedSpan,
  type SpanEvent,
  type SpanFailure,
} from './telemetry/finished-span.ts'
export type { ServiceIdentity } from './telemetry/resource.ts'
export type { RingReader, Taken } from './telemetry/ring.ts'
export type { MetricsServerOptions, TelemetryOptions } from './kernel/telemetry-options.ts'
export { watchService } from './telemetry/watch-service.ts'
export type { Attributes, AttributeValue, Span, SpanKind } from './kernel/span.ts'
export type {
  Counter,
  CounterSeries,
  Histogram,
  HistogramDefinition,
  HistogramSeries,
  InstrumentDefinition,
  Observation,
  Telemetry,
} from './kernel/telemetry.ts'

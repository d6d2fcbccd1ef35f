import type { Attributes } from '../../../kernel/telemetry/span.ts'
import type { Exemplar, HistogramPoint, Metric, NumberPoint } from '../metrics/metric.ts'
import { epochOffsetMs } from '../wall-time.ts'
import { encodeDouble, encodeShared, encodeText } from './encode-attributes.ts'
import { encodeResource, encodeScope } from './encode-resource.ts'
import { toUnixNano } from './unix-nano.ts'

/**
 * AGGREGATION_TEMPORALITY_CUMULATIVE: a sum counts from the start of the metrics, not from the last
 * request.
 */
const cumulative = 2

/** The parts that all metrics of a request share. */
export interface MetricsContext {
  readonly resource: Attributes
  /** The start of the metrics, in milliseconds since `performance.timeOrigin`. */
  readonly startMs: number
}

/** Returns the JSON body of an OTLP request with metrics. */
export function encodeMetrics(metrics: readonly Metric[], { resource, startMs }: MetricsContext): string {
  const offsetMs = epochOffsetMs()
  const times = `"startTimeUnixNano":"${toUnixNano(offsetMs + startMs)}","timeUnixNano":"${toUnixNano(offsetMs + performance.now())}"`
  const encoded = metrics.map((metric) => encodeMetric(metric, { times, offsetMs })).join()
  return `{"resourceMetrics":[{"resource":${encodeResource(resource)},"scopeMetrics":[{"scope":${encodeScope()},"metrics":[${encoded}]}]}]}`
}

interface Times {
  readonly times: string
  readonly offsetMs: number
}

function encodeMetric(metric: Metric, times: Times): string {
  const { name, description, unit } = metric.definition
  return `{"name":${encodeText(name)},"description":${encodeText(description)},"unit":${encodeText(unit)},${encodeData(metric, times)}}`
}

function encodeData(metric: Metric, times: Times): string {
  if (metric.kind === 'histogram') {
    const bounds = metric.bounds.map(encodeDouble).join()
    const points = metric.points.map((point) => encodeHistogramPoint(point, bounds, times)).join()
    return `"histogram":{"aggregationTemporality":${cumulative},"dataPoints":[${points}]}`
  }
  const points = metric.points.map((point) => encodeNumberPoint(point, times)).join()
  if (metric.kind === 'gauge') return `"gauge":{"dataPoints":[${points}]}`
  const isMonotonic = metric.kind === 'counter'
  return `"sum":{"aggregationTemporality":${cumulative},"isMonotonic":${isMonotonic},"dataPoints":[${points}]}`
}

function encodeHistogramPoint(point: HistogramPoint, bounds: string, { times, offsetMs }: Times): string {
  const counts = point.bucketCounts.map((count) => `"${count}"`).join()
  const range = point.count === 0 ? '' : `,"min":${encodeDouble(point.min)},"max":${encodeDouble(point.max)}`
  const exemplars = point.exemplars
    .filter((exemplar) => exemplar !== undefined)
    .map((exemplar) => encodeExemplar(exemplar, offsetMs))
    .join()
  return `{"attributes":[${encodeShared(point.attributes)}],${times},"count":"${point.count}","sum":${encodeDouble(point.sum)},"bucketCounts":[${counts}],"explicitBounds":[${bounds}]${range},"exemplars":[${exemplars}]}`
}

function encodeExemplar({ value, atMs, traceId, spanId }: Exemplar, offsetMs: number): string {
  return `{"timeUnixNano":"${toUnixNano(offsetMs + atMs)}","asDouble":${encodeDouble(value)},"traceId":"${traceId}","spanId":"${spanId}"}`
}

function encodeNumberPoint({ attributes, value }: NumberPoint, { times }: Times): string {
  return `{"attributes":[${encodeShared(attributes)}],${times},"asDouble":${encodeDouble(value)}}`
}

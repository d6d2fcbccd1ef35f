import type { Logger } from '../../../kernel/base/log.ts'
import type { Attributes } from '../../../kernel/telemetry/span.ts'
import type { Counter } from '../../../kernel/telemetry/telemetry.ts'
import type { Metric } from '../metrics/metric.ts'
import type { FinishedSpan } from '../spans/finished-span.ts'
import type { RingReader } from '../spans/ring.ts'
import { encodeMetrics } from './encode-metrics.ts'
import { encodeSpans } from './encode-spans.ts'
import { createExporter, type Exporter } from './exporter.ts'
import { createLosses } from './losses.ts'
import type { OtlpTarget } from './target.ts'

/** The export of spans. */
export interface SpanExport {
  readonly target: OtlpTarget
  /** The interval between exports, in milliseconds. */
  readonly everyMs: number
  /** Max number of spans per request. Spans are sent as soon as this number is pending. */
  readonly batchSize: number
}

/** The export of metrics. */
export interface MetricExport {
  readonly target: OtlpTarget
  /** The interval between exports, in milliseconds. */
  readonly everyMs: number
}

/** The sources of exports and their dependencies. */
export interface ExportParts {
  readonly spans?: (SpanExport & { readonly reader: RingReader<FinishedSpan> }) | undefined
  readonly metrics?: (MetricExport & { readonly collect: () => readonly Metric[] }) | undefined
  readonly resource: Attributes
  /** The start of the metrics, in milliseconds since `performance.timeOrigin`. */
  readonly startMs: number
  /** Runs the export without recording it. */
  readonly unseen: <T>(work: () => T) => T
  /** Counts lost records. */
  readonly lost: Counter
  readonly log: Logger
}

/** Starts the exports. */
export function startExport(parts: ExportParts): readonly Exporter[] {
  return [
    ...(parts.spans ? [exportSpans(parts.spans, parts)] : []),
    ...(parts.metrics ? [exportMetrics(parts.metrics, parts)] : []),
  ]
}

function exportSpans(
  { target, everyMs, batchSize, reader }: NonNullable<ExportParts['spans']>,
  { resource, unseen, lost, log }: ExportParts,
): Exporter {
  const watch = (): void => reader.wakeAt(batchSize, () => exporter.wake())
  const exporter = createExporter({
    signal: 'spans',
    target,
    everyMs,
    losses: createLosses('spans', lost, log),
    unseen,
    pending: () => reader.pending,
    take() {
      const taken = reader.take(batchSize)
      return { count: taken.items.length, lost: taken.lost, body: encodeSpans(taken.items, resource) }
    },
    onIdle: watch,
  })
  watch()
  return exporter
}

function exportMetrics(
  { target, everyMs, collect }: NonNullable<ExportParts['metrics']>,
  { resource, startMs, unseen, lost, log }: ExportParts,
): Exporter {
  return createExporter({
    signal: 'metrics',
    target,
    everyMs,
    losses: createLosses('metrics', lost, log),
    unseen,
    // Metrics are cumulative, so only one request is ever pending: the latest values, which also
    // replace a lost request.
    pending: () => 1,
    take() {
      const metrics = collect()
      const count = metrics.reduce((sum, { points }) => sum + points.length, 0)
      return { count: Math.max(count, 1), lost: 0, body: encodeMetrics(metrics, { resource, startMs }) }
    },
  })
}

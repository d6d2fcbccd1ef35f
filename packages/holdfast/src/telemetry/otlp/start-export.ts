import type { Logger } from '../../kernel/log.ts'
import type { Attributes } from '../../kernel/span.ts'
import type { Counter } from '../../kernel/telemetry.ts'
import type { Metric } from '../metric.ts'
import type { FinishedSpan } from '../finished-span.ts'
import type { RingReader } from '../ring.ts'
import { encodeMetrics } from './encode-metrics.ts'
import { encodeSpans } from './encode-spans.ts'
import { createExporter, type Exporter } from './exporter.ts'
import { createLosses } from './losses.ts'
import type { OtlpTarget } from './target.ts'

/** How spans are exported. */
export interface SpanExport {
  readonly target: OtlpTarget
  /** How often spans are sent, in milliseconds. */
  readonly everyMs: number
  /** How many spans a request has at most; where there are as many, they are sent at once. */
  readonly batchSize: number
}

/** How metrics are exported. */
export interface MetricExport {
  readonly target: OtlpTarget
  /** How often metrics are sent, in milliseconds. */
  readonly everyMs: number
}

/** What is exported, and what it needs. */
export interface ExportParts {
  readonly spans?: (SpanExport & { readonly reader: RingReader<FinishedSpan> }) | undefined
  readonly metrics?: (MetricExport & { readonly collect: () => readonly Metric[] }) | undefined
  readonly resource: Attributes
  /** Since when there are metrics, in milliseconds since `performance.timeOrigin`. */
  readonly startMs: number
  /** Runs what sends, so that it is not recorded itself. */
  readonly unseen: <T>(work: () => T) => T
  /** Counts what is lost. */
  readonly lost: Counter
  readonly log: Logger
}

/** Begins to export. */
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
    // They are sums since the beginning: there is always one request to send, and what is lost is in the next one.
    pending: () => 1,
    take() {
      const metrics = collect()
      const count = metrics.reduce((sum, { points }) => sum + points.length, 0)
      return { count: Math.max(count, 1), lost: 0, body: encodeMetrics(metrics, { resource, startMs }) }
    },
  })
}

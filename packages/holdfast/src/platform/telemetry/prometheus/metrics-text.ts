import type { Attributes } from '../../../kernel/telemetry/span.ts'
import type { Exemplar, HistogramPoint, Metric, MetricSource } from '../metrics/metric.ts'
import { epochOffsetMs } from '../wall-time.ts'
import { toIdentifier, toPrometheusName } from './metric-name.ts'
import { chooseFormat, type TextFormat } from './text-format.ts'

/** Metrics as text, with their content type. */
export interface MetricsText {
  readonly contentType: string
  readonly text: string
}

/**
 * Returns the measurements of all instruments, in the format that `accept` prefers: the text format
 * of Prometheus (0.0.4), or OpenMetrics 1.0, which includes exemplars.
 *
 * @example
 * ```ts
 * const telemetry = createTelemetry({}, { service: { name: 'shop' } })
 * const { text, contentType } = metricsText(telemetry)
 * await telemetry.stop()
 * ```
 */
export function metricsText(telemetry: MetricSource, accept?: string): MetricsText {
  const format = chooseFormat(accept)
  const families = [toTargetInfo(telemetry.resource, format)]
  const names = new Set(['target_info', 'target'])
  for (const metric of telemetry.readMetrics()) {
    const { family, unit } = toPrometheusName(metric)
    // Two metrics may have the same Prometheus name, because characters that are invalid in
    // Prometheus are replaced. A family must occur only once, so the second metric is left out.
    if (names.has(family)) continue
    names.add(family)
    families.push(toFamily(metric, { family, unit, format }))
  }
  return {
    contentType: format.contentType,
    text: families.join('') + (format.isOpenMetrics ? '# EOF\n' : ''),
  }
}

interface FamilyContext {
  readonly family: string
  readonly unit: string | undefined
  readonly format: TextFormat
}

function toTargetInfo(resource: Attributes, { isOpenMetrics }: TextFormat): string {
  const [family, type] = isOpenMetrics ? ['target', 'info'] : ['target_info', 'gauge']
  return `# HELP ${family} The measured service.\n# TYPE ${family} ${type}\ntarget_info${toLabels(resource)} 1\n`
}

function toFamily(metric: Metric, { family, unit, format }: FamilyContext): string {
  const { isOpenMetrics } = format
  // In the older format, the head of a counter contains the sample's name instead of the family's.
  const described = metric.kind === 'counter' && !isOpenMetrics ? `${family}_total` : family
  const head = [
    `# HELP ${described} ${escapeHelp(metric.definition.description, isOpenMetrics)}\n`,
    `# TYPE ${described} ${metric.kind === 'upDownCounter' ? 'gauge' : metric.kind}\n`,
    ...(isOpenMetrics && unit !== undefined ? [`# UNIT ${family} ${unit}\n`] : []),
  ]
  if (metric.kind === 'histogram') {
    return [
      ...head,
      ...metric.points.map((point) => toBuckets(point, metric.bounds, { family, format })),
    ].join('')
  }
  const sample = metric.kind === 'counter' ? `${family}_total` : family
  return [
    ...head,
    ...metric.points.map(({ attributes, value }) => `${sample}${toLabels(attributes)} ${value}\n`),
  ].join('')
}

function toBuckets(
  point: HistogramPoint,
  bounds: readonly number[],
  { family, format: { isOpenMetrics } }: Pick<FamilyContext, 'family' | 'format'>,
): string {
  const labels = labelsOf(point.attributes)
  let sum = 0
  const buckets = point.bucketCounts.map((count, bucket) => {
    sum += count
    const exemplar = isOpenMetrics ? toExemplar(point.exemplars[bucket]) : ''
    return `${family}_bucket{${[...labels, `le="${toBound(bounds[bucket], isOpenMetrics)}"`].join()}} ${sum}${exemplar}\n`
  })
  const rest = toLabels(point.attributes)
  return `${buckets.join('')}${family}_sum${rest} ${point.sum}\n${family}_count${rest} ${point.count}\n`
}

/** Returns a bucket bound, which OpenMetrics always writes with a fraction. */
function toBound(bound: number | undefined, isOpenMetrics: boolean): string {
  if (bound === undefined) return '+Inf'
  return isOpenMetrics && Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function toExemplar(exemplar: Exemplar | undefined): string {
  if (!exemplar) return ''
  const seconds = ((epochOffsetMs() + exemplar.atMs) / 1_000).toFixed(3)
  return ` # {trace_id="${exemplar.traceId}",span_id="${exemplar.spanId}"} ${exemplar.value} ${seconds}`
}

function toLabels(attributes: Attributes): string {
  const labels = labelsOf(attributes)
  return labels.length === 0 ? '' : `{${labels.join()}}`
}

/** Returns attributes as labels. The values of attributes with the same label name are joined. */
function labelsOf(attributes: Attributes): readonly string[] {
  const values = Map.groupBy(
    Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ([name]) => toIdentifier(name),
  )
  return Array.from(values, ([name, entries]) => {
    const value = entries.map(([, each]) => String(each)).join(';')
    return `${name}="${escapeLabel(value)}"`
  })
}

function escapeLabel(text: string): string {
  return escapeHelp(text, true)
}

/** Escapes a help text; only OpenMetrics escapes quotes. */
function escapeHelp(text: string, escapesQuotes: boolean): string {
  const escaped = text
    .toWellFormed()
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
  return escapesQuotes ? escaped.replaceAll('"', String.raw`\"`) : escaped
}

import type { Metric } from '../metric.ts'

/** What a metric is called in Prometheus. */
export interface PrometheusName {
  /** Of the metric as a whole; the samples of a counter have `_total` behind it. */
  readonly family: string
  /** The unit as it stands in the name; `undefined` where it has none. */
  readonly unit: string | undefined
}

/** Units of UCUM in words, as OpenTelemetry's rules for Prometheus have them. */
const words: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  '%': 'percent',
}

/** Says what a metric is called, by OpenTelemetry's rules: `http.server.request.duration` in `s` ends with `_seconds`. */
export function toPrometheusName({ kind, definition }: Pick<Metric, 'kind' | 'definition'>): PrometheusName {
  const plain = toIdentifier(definition.name)
  const name = kind === 'counter' ? plain.replace(/_total$/, '') : plain
  const unit = toUnit(definition.unit, kind)
  if (unit === undefined) return { family: name, unit }
  return { family: name.endsWith(`_${unit}`) ? name : `${name}_${unit}`, unit }
}

/** A name of letters, digits and underscores. */
export function toIdentifier(name: string): string {
  const identifier = name.replaceAll(/[^a-zA-Z0-9]+/g, '_')
  return /^\d/.test(identifier) ? `_${identifier}` : identifier
}

/** What stands in braces only says what is counted. */
function toUnit(ucum: string, kind: Metric['kind']): string | undefined {
  const unit = ucum.replaceAll(/\{[^}]*\}/g, '')
  if (unit === '1') return kind === 'gauge' ? 'ratio' : undefined
  const [amount = '', per] = unit.split('/')
  const parts = [words[amount] ?? toIdentifier(amount), ...(per ? ['per', toSingular(per)] : [])]
  return parts.filter((part) => part !== '').join('_') || undefined
}

function toSingular(unit: string): string {
  return (words[unit] ?? toIdentifier(unit)).replace(/s$/, '')
}

import type { Metric } from '../metrics/metric.ts'

/** The name of a metric in Prometheus. */
export interface PrometheusName {
  /** The name of the metric family; the samples of a counter append `_total`. */
  readonly family: string
  /** The unit as it appears in the name; `undefined` if there is none. */
  readonly unit: string | undefined
}

/** UCUM units in words, by OpenTelemetry's rules for Prometheus. */
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

/**
 * Returns the Prometheus name of a metric by OpenTelemetry's rules: `http.server.request.duration`
 * in `s` ends with `_seconds`.
 */
export function toPrometheusName({ kind, definition }: Pick<Metric, 'kind' | 'definition'>): PrometheusName {
  const plain = toIdentifier(definition.name)
  const name = kind === 'counter' ? plain.replace(/_total$/, '') : plain
  const unit = toUnit(definition.unit, kind)
  if (unit === undefined) return { family: name, unit }
  return { family: name.endsWith(`_${unit}`) ? name : `${name}_${unit}`, unit }
}

/** Returns a name reduced to letters, digits and underscores. */
export function toIdentifier(name: string): string {
  const identifier = name.replaceAll(/[^a-zA-Z0-9]+/g, '_')
  return /^\d/.test(identifier) ? `_${identifier}` : identifier
}

/**
 * Returns the unit in words. An annotation in braces only names the counted things, so it is
 * dropped.
 */
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

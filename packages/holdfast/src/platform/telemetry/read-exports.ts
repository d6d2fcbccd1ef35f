import type { MetricExport, SpanExport } from './otlp/start-export.ts'
import type { OtlpTarget } from './otlp/target.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'
import { invalid, type Variables } from './variables.ts'

interface Source {
  readonly options: TelemetryOptions
  readonly variables: Variables
  readonly notify: (message: string) => void
}

/** Max delay of a timer, in milliseconds. */
const maxMs = 2 ** 31 - 1

/** Returns the settings of the span export; `undefined` if spans are not exported. */
export function readSpanExport(source: Source): SpanExport | undefined {
  const { variables } = source
  if (variables.choice('OTEL_TRACES_EXPORTER', ['otlp', 'none']) === 'none') return undefined
  const target = readTarget('TRACES', source)
  if (!target) return undefined
  const whole = { min: 1, max: maxMs }
  return {
    target,
    everyMs: variables.number('OTEL_BSP_SCHEDULE_DELAY', whole) ?? 5_000,
    batchSize: Math.floor(variables.number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', { min: 1, max: 65_536 }) ?? 512),
  }
}

/** Returns the settings of the metric export; `undefined` if metrics are not exported. */
export function readMetricExport(source: Source): MetricExport | undefined {
  const { variables } = source
  const exporters = readMetricExporters(variables)
  if (exporters && !exporters.includes('otlp')) return undefined
  const target = readTarget('METRICS', source)
  if (!target) return undefined
  const everyMs = variables.number('OTEL_METRIC_EXPORT_INTERVAL', { min: 1, max: maxMs }) ?? 60_000
  return { target, everyMs }
}

const metricExporters: readonly string[] = ['otlp', 'prometheus', 'none']

/** Returns the exporters in `OTEL_METRICS_EXPORTER`; `undefined` if it is not set. */
export function readMetricExporters(variables: Variables): readonly string[] | undefined {
  const list = variables
    .text('OTEL_METRICS_EXPORTER')
    ?.split(',')
    .map((name) => name.trim())
  const unknown = list?.find((name) => !metricExporters.includes(name))
  if (unknown === undefined) return list
  throw invalid(
    `OTEL_METRICS_EXPORTER contains ${JSON.stringify(unknown)}; valid values are ${metricExporters.join(', ')}.`,
  )
}

/**
 * Returns the receiver of one signal. The variable of this signal overrides the general variable.
 */
function readTarget(signal: 'TRACES' | 'METRICS', source: Source): OtlpTarget | undefined {
  const { variables, options } = source
  const named = (setting: string): string => {
    const own = `OTEL_EXPORTER_OTLP_${signal}_${setting}`
    return variables.text(own) === undefined ? `OTEL_EXPORTER_OTLP_${setting}` : own
  }
  const url = readUrl(named('ENDPOINT'), signal, source)
  if (!url) return undefined
  checkProtocol(named('PROTOCOL'), source)
  const headers = { ...variables.pairs(named('HEADERS')), ...options.headers }
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value)
  return {
    url,
    headers,
    timeoutMs: variables.number(named('TIMEOUT'), { min: 1, max: maxMs }) ?? 10_000,
    compression: variables.choice(named('COMPRESSION'), ['gzip', 'none']) ?? 'gzip',
  }
}

function readUrl(
  variable: string,
  signal: 'TRACES' | 'METRICS',
  { variables, options }: Source,
): URL | undefined {
  const isOption = options.endpoint !== undefined
  const text = options.endpoint ?? variables.text(variable)
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    const where = isOption ? 'The option endpoint of telemetry' : variable
    throw invalid(
      `${where} must be an http: or https: URL of an OTLP/HTTP receiver, such as http://localhost:4318.`,
    )
  }
  // A signal's own URL is used unchanged. The general URL is extended by the signal's path.
  if (!isOption && variable.includes(signal)) return url
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/${signal.toLowerCase()}`
  return url
}

function checkProtocol(variable: string, { variables, notify }: Source): void {
  const protocol = variables.choice(variable, ['http/json', 'http/protobuf', 'grpc'])
  if (protocol === 'grpc') {
    throw invalid(
      `${variable} is grpc, which is not supported. Set it to http/json, and the endpoint to the receiver's OTLP/HTTP port (usually 4318 instead of 4317).`,
    )
  }
  if (protocol === 'http/protobuf') {
    notify(
      `${variable} is http/protobuf; http/json is sent to the same address instead, because OTLP/HTTP receivers accept both`,
    )
  }
}

/** Throws if a header is invalid. Its value may be secret, so the message does not contain it. */
function checkHeader(name: string, value: string): void {
  const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http')
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch (cause) {
    throw invalid(
      `The header ${JSON.stringify(name)} in OTEL_EXPORTER_OTLP_HEADERS or telemetry.headers is invalid (${(cause as NodeJS.ErrnoException).code}). Names consist of letters, digits and hyphens; values must not contain line feeds or control characters.`,
    )
  }
}

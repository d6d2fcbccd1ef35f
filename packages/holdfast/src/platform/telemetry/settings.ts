import type { Mode } from '../../kernel/host/service-host.ts'
import type { MetricExport, SpanExport } from './otlp/start-export.ts'
import type { MetricsAddress } from './prometheus/serve-metrics.ts'
import { readMetricExport, readSpanExport } from './read-exports.ts'
import { readMetricsServer } from './read-metrics-server.ts'
import type { SamplerOptions } from './sampler.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'
import { readUntracedHosts } from './untraced-hosts.ts'
import { invalid, readVariables, type Variables } from './variables.ts'

/** The settings that result from options and variables. */
export interface TelemetrySettings {
  /** True if anything is recorded at all. */
  readonly isEnabled: boolean
  readonly sampler: SamplerOptions
  readonly spanBufferSize: number
  readonly seriesLimit: number
  readonly measuresRuntime: boolean
  /** Returns true if requests to a host get no trace context. */
  readonly isUntraced: (host: string) => boolean
  /** The export of spans; `undefined`: none. */
  readonly spans: SpanExport | undefined
  /** The export of metrics; `undefined`: none. */
  readonly metrics: MetricExport | undefined
  /** The address at which metrics are served; `undefined` if they are not served. */
  readonly metricsServer: MetricsAddress | undefined
}

const switchedOff: TelemetrySettings = {
  isEnabled: false,
  sampler: { ratio: 0, followsParent: false },
  spanBufferSize: 1,
  seriesLimit: 2,
  measuresRuntime: false,
  isUntraced: () => true,
  spans: undefined,
  metrics: undefined,
  metricsServer: undefined,
}

/** The sources of the settings. */
export interface TelemetrySource {
  readonly options: TelemetryOptions
  readonly env: Readonly<Record<string, string | undefined>>
  readonly mode: Mode
  /** Receives notices about settings that are not applied as written. */
  readonly notify: (message: string) => void
}

/**
 * Reads the options and the standard variables.
 *
 * @throws HoldfastError `configuration-invalid` if an option or a variable is wrong.
 */
export function readTelemetrySettings({ options, env, mode, notify }: TelemetrySource): TelemetrySettings {
  const variables = readVariables(env)
  // This variable is read first: an operator must be able to disable telemetry in an emergency even
  // if its other settings are invalid.
  if (variables.choice('OTEL_SDK_DISABLED', ['true', 'false']) === 'true') return switchedOff
  const spanBufferSize =
    readWhole(options.spanBufferSize, 'spanBufferSize', 1) ??
    variables.number('OTEL_BSP_MAX_QUEUE_SIZE', { min: 1, max: 1_000_000 }) ??
    4_096
  return {
    isEnabled: true,
    sampler: readSampler(options, variables),
    spanBufferSize: Math.floor(spanBufferSize),
    seriesLimit: readWhole(options.seriesLimit, 'seriesLimit', 2) ?? 2_000,
    measuresRuntime: options.runtimeMetrics ?? true,
    isUntraced: readUntracedHosts(options.untracedHosts),
    spans: readSpanExport({ options, variables, notify }),
    metrics: readMetricExport({ options, variables, notify }),
    metricsServer: readMetricsServer(options, variables, mode),
  }
}

function readWhole(value: number | undefined, name: string, min: number): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= min)) return value
  throw invalid(`The option ${name} of telemetry is ${value}; it must be an integer of at least ${min}.`)
}

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

function readSampler({ samplingRatio }: TelemetryOptions, variables: Variables): SamplerOptions {
  if (samplingRatio !== undefined) {
    if (samplingRatio >= 0 && samplingRatio <= 1) return { ratio: samplingRatio, followsParent: true }
    throw invalid(
      `The option samplingRatio of telemetry is ${samplingRatio}; it must be a number from 0 to 1.`,
    )
  }
  const name = variables.choice('OTEL_TRACES_SAMPLER', samplers) ?? 'parentbased_always_on'
  const followsParent = name.startsWith('parentbased_')
  if (name.endsWith('always_on')) return { ratio: 1, followsParent }
  if (name.endsWith('always_off')) return { ratio: 0, followsParent }
  return { ratio: variables.number('OTEL_TRACES_SAMPLER_ARG', { min: 0, max: 1 }) ?? 1, followsParent }
}

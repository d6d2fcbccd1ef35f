import { createLogger, type Logger, toLogFields } from '../../kernel/base/log.ts'
import { type Mode, readMode } from '../../kernel/host/service-host.ts'
import { noTelemetry, type Telemetry } from '../../kernel/telemetry/telemetry.ts'
import { createMeter, type Meter } from './metrics/meter.ts'
import type { MetricSource } from './metrics/metric.ts'
import type { Exporter } from './otlp/exporter.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { describeResource, type ServiceIdentity } from './resource.ts'
import { measureRuntime } from './metrics/runtime-metrics.ts'
import { createSampler } from './sampler.ts'
import { readTelemetrySettings, type TelemetrySettings } from './settings.ts'
import { traceFetches } from './trace-fetches.ts'
import type { Attributes } from '../../kernel/telemetry/span.ts'
import type { JoinedTelemetry } from '../../kernel/telemetry/telemetry-bridge.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'

/*
 * Records the spans and metrics of a process, and exports them in the background:
 *
 *   spans ──▶ recorder ──▶ ring buffer ──┬─▶ OTLP exporter ──▶ receiver
 *                                        └─▶ readSpans()
 *   metrics ─▶ meter ──▶ series table ───┬─▶ OTLP exporter
 *                                        └─▶ Prometheus endpoint
 *
 * Invariants:
 * - Recording never waits, and takes bounded memory. If the buffer overflows or the receiver is
 *   down, records are lost, and `holdfast.telemetry.lost` counts them.
 * - Attributes that a service declares as sensitive are hidden when spans are read.
 * - The exporter is loaded only if something is exported. With `OTEL_SDK_DISABLED=true`, nothing
 *   is recorded, and trace contexts are passed on unchanged.
 */

/** The telemetry of a running service. */
export interface RunningTelemetry
  extends Telemetry, MetricSource, Pick<Recorder, 'activeSpan' | 'readSpans'> {
  /** Exports the records so far if there is a receiver, and resolves after the attempt. */
  flush(): Promise<void>
  /**
   * Exports the records so far, and stops. Records that cannot be sent within `limitMs` (default
   * 5,000) are lost, and the loss is logged. Further calls wait for the same stop.
   */
  stop(limitMs?: number): Promise<void>
}

/** The environment of telemetry. */
export interface TelemetryHost {
  /** The service to describe. Default: a Node process without a service name. */
  readonly service?: ServiceIdentity
  /** Environment variables. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The mode. Default: read from `NODE_ENV` in `env`. */
  readonly mode?: Mode
  /** The logger for export failures. Default: one JSON object per line on stdout. */
  readonly log?: Logger
  /**
   * Receives notices for the user who starts the service, about settings that are not applied as
   * written. Default: a line on stderr.
   */
  readonly notify?: (message: string) => void
}

/**
 * Starts to record metrics, and spans in a buffer of fixed size. If a receiver is configured, the
 * records are sent to it in the background. With `OTEL_SDK_DISABLED=true`, nothing is recorded.
 *
 * @throws HoldfastError `configuration-invalid` if an option or a variable is wrong.
 *
 * @example
 * ```ts
 * const telemetry = createTelemetry({ runtimeMetrics: false }, { service: { name: 'shop' } })
 * const orders = telemetry.counter({ name: 'orders', description: 'Orders.', unit: '{order}' })
 * orders.with({ country: 'de' }).add(1)
 * await telemetry.stop()
 * ```
 */
export function createTelemetry(options: TelemetryOptions = {}, host: TelemetryHost = {}): RunningTelemetry {
  const known = withDefaults(host)
  const { env, service, log } = known
  const settings = readTelemetrySettings({ ...known, options })
  const resource = describeResource(service, options, env)
  if (!settings.isEnabled) return disabled(resource)

  const startMs = performance.now()
  const recorder = createRecorder({ ...settings, sampler: createSampler(settings.sampler) })
  const meter = createMeter({
    seriesLimit: settings.seriesLimit,
    warn: (message, error) => log.warn(error === undefined ? {} : { error: toLogFields(error) }, message),
  })
  const forgetRuntime = settings.measuresRuntime ? measureRuntime(meter) : () => {}
  let stopped: Promise<void> | undefined

  async function stop(limitMs: number): Promise<void> {
    const limit = AbortSignal.timeout(Math.max(0, Math.ceil(limitMs)))
    const started = await exporters
    await Promise.all(started.map((exporter) => exporter.stop(limit)))
    forgetRuntime()
    stopTracingFetches()
    joined?.leave()
  }

  const telemetry: Telemetry & Recorder = {
    ...recorder,
    histogram: (definition) => meter.histogram(definition),
    counter: (definition) => meter.counter(definition),
    gauge: (definition, observe) => meter.gauge(definition, observe),
    upDownCounter: (definition, observe) => meter.upDownCounter(definition, observe),
  }
  const joined = options.bridge?.join(telemetry)
  const unseen = joined?.unseen ?? ((work) => work())
  const stopTracingFetches = traceFetches({
    activeSpan: () => recorder.activeSpan(),
    isUntraced: settings.isUntraced,
  })
  const exporters = startExporters(settings, { recorder, meter, resource, startMs, unseen, log })
  return {
    ...telemetry,
    ...(joined ? { within: joined.within } : {}),
    resource,
    readMetrics: () => meter.collect(),
    flush: async () => {
      const started = await exporters
      await Promise.all(started.map((exporter) => exporter.flush()))
    },
    stop: (limitMs = 5_000) => (stopped ??= stop(limitMs)),
  }
}

/** Fills in the defaults of a telemetry host. */
export function withDefaults(host: TelemetryHost): Required<TelemetryHost> {
  const { env = process.env } = host
  const toLine =
    (stream: NodeJS.WriteStream) =>
    (line: string): void =>
      void stream.write(`${line}\n`)
  return {
    service: { name: 'unknown_service:node' },
    mode: readMode(env),
    log: createLogger({ write: toLine(process.stdout) }),
    notify: toLine(process.stderr),
    ...host,
    env,
  }
}

interface ExportedParts {
  readonly recorder: Recorder
  readonly meter: Meter
  readonly resource: Attributes
  readonly startMs: number
  readonly unseen: JoinedTelemetry['unseen']
  readonly log: Logger
}

/** Loads the exporter only if the service exports. The service starts without waiting for it. */
async function startExporters(
  { spans, metrics }: TelemetrySettings,
  { recorder, meter, ...parts }: ExportedParts,
): Promise<readonly Exporter[]> {
  if (!spans && !metrics) return []
  const lost = meter.counter({
    name: 'holdfast.telemetry.lost',
    description: 'Spans and data points that were not exported.',
    unit: '{record}',
  })
  // The reader is opened before the import, so that it misses no startup span.
  const reader = recorder.readSpans()
  const { startExport } = await import('./otlp/start-export.ts')
  return startExport({
    ...parts,
    lost,
    spans: spans && { ...spans, reader },
    metrics: metrics && { ...metrics, collect: () => meter.collect() },
  })
}

function disabled(resource: Attributes): RunningTelemetry {
  return {
    ...noTelemetry,
    resource,
    activeSpan: () => undefined,
    readSpans: () => ({ pending: 0, take: () => ({ items: [], lost: 0 }), wakeAt: () => {} }),
    readMetrics: () => [],
    flush: async () => {},
    stop: async () => {},
  }
}

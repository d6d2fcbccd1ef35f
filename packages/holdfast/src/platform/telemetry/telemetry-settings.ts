import type { SettingDescription, Settings } from '../../kernel/host/settings.ts'
import { readTelemetrySettings } from './settings.ts'

type Row = Pick<SettingDescription, 'name' | 'description' | 'valid' | 'default'>

const milliseconds = 'a number of milliseconds'
const rows: readonly Row[] = [
  {
    name: 'OTEL_SDK_DISABLED',
    description: 'Disables all recording.',
    valid: 'true or false',
    default: 'false',
  },
  {
    name: 'OTEL_SERVICE_NAME',
    description: 'Name of the service in traces and metrics.',
    valid: 'a text',
    default: 'the name of the service',
  },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    description: 'Further resource attributes.',
    valid: 'names with values: a=1,b=two%20words',
    default: 'none',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    description: 'Sampler, which decides which traces are recorded.',
    valid: 'always_on, always_off, traceidratio, or one of these with the prefix parentbased_',
    default: 'parentbased_always_on',
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    description: 'Ratio of a traceidratio sampler.',
    valid: 'a number from 0 to 1',
    default: '1',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    description: 'OTLP/HTTP receiver of spans and metrics.',
    valid: 'a URL',
    default: 'nowhere',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    description: 'Receiver of spans: the full URL, including its path.',
    valid: 'a URL',
    default: 'the receiver of spans and metrics',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    description: 'Receiver of metrics: the full URL, including its path.',
    valid: 'a URL',
    default: 'the receiver of spans and metrics',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    description: 'Header fields sent to the receiver, such as its API key.',
    valid: 'names with values: a=1,b=two%20words',
    default: 'none',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    description: 'Timeout of a request to the receiver.',
    valid: milliseconds,
    default: '10000',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_COMPRESSION',
    description: 'Compression of requests to the receiver.',
    valid: 'gzip or none',
    default: 'gzip',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    description: 'Protocol of the receiver.',
    valid: 'http/json',
    default: 'http/json',
  },
  {
    name: 'OTEL_TRACES_EXPORTER',
    description: 'Exporter of spans.',
    valid: 'otlp or none',
    default: 'otlp',
  },
  {
    name: 'OTEL_METRICS_EXPORTER',
    description: 'Exporters of metrics.',
    valid: 'otlp, prometheus, none, or a comma-separated list',
    default: 'otlp,prometheus',
  },
  {
    name: 'OTEL_METRIC_EXPORT_INTERVAL',
    description: 'Interval at which metrics are sent.',
    valid: milliseconds,
    default: '60000',
  },
  {
    name: 'OTEL_BSP_SCHEDULE_DELAY',
    description: 'Interval at which spans are sent.',
    valid: milliseconds,
    default: '5000',
  },
  {
    name: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    description: 'Max number of spans per request.',
    valid: 'an integer from 1 to 65536',
    default: '512',
  },
  {
    name: 'OTEL_BSP_MAX_QUEUE_SIZE',
    description: 'Max number of spans waiting to be sent.',
    valid: 'an integer from 1 to 1000000',
    default: '4096',
  },
  {
    name: 'OTEL_EXPORTER_PROMETHEUS_PORT',
    description: 'Port of /metrics.',
    valid: 'an integer from 0 to 65535',
    default: '9464',
  },
  {
    name: 'OTEL_EXPORTER_PROMETHEUS_HOST',
    description: 'Listen address of /metrics.',
    valid: 'an address',
    default: '127.0.0.1; in production 0.0.0.0',
  },
]

const secrets = new Set(['OTEL_EXPORTER_OTLP_HEADERS'])

/** The environment variables of telemetry, all standard in OpenTelemetry. */
export const telemetrySettings: Settings<undefined> = {
  descriptions: rows.map((described) => ({ ...described, isSecret: secrets.has(described.name) })),
  async check({ env, mode }) {
    try {
      readTelemetrySettings({ options: {}, env, mode, notify: () => {} })
      return []
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)]
    }
  },
  read: async () => undefined,
}

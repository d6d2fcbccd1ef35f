import type { SettingDescription, Settings } from '../../kernel/host/settings.ts'
import { readTelemetrySettings } from './settings.ts'

type Row = Pick<SettingDescription, 'name' | 'description' | 'valid' | 'default'>

const milliseconds = 'a number of milliseconds'
const rows: readonly Row[] = [
  {
    name: 'OTEL_SDK_DISABLED',
    description: 'Whether nothing is recorded at all.',
    valid: 'true or false',
    default: 'false',
  },
  {
    name: 'OTEL_SERVICE_NAME',
    description: 'What the service is called in traces and metrics.',
    valid: 'a text',
    default: 'the name of the service',
  },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    description: 'What else is said of it.',
    valid: 'names with values: a=1,b=two%20words',
    default: 'none',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    description: 'Which traces are recorded.',
    valid: 'always_on, always_off, traceidratio, or one of these after parentbased_',
    default: 'parentbased_always_on',
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    description: 'The share of them, for a ratio.',
    valid: 'a number from 0 to 1',
    default: '1',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    description: 'The receiver of OTLP/HTTP that spans and metrics are sent to.',
    valid: 'a URL',
    default: 'nowhere',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    description: 'The one of spans alone, with its path.',
    valid: 'a URL',
    default: 'that of both',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    description: 'The one of metrics alone, with its path.',
    valid: 'a URL',
    default: 'that of both',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    description: 'Header fields for the receiver, such as its key.',
    valid: 'names with values: a=1,b=two%20words',
    default: 'none',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    description: 'How long a request to it may take.',
    valid: milliseconds,
    default: '10000',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_COMPRESSION',
    description: 'How requests to it are compressed.',
    valid: 'gzip or none',
    default: 'gzip',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    description: 'How it is spoken to.',
    valid: 'http/json',
    default: 'http/json',
  },
  {
    name: 'OTEL_TRACES_EXPORTER',
    description: 'Whether spans are sent.',
    valid: 'otlp or none',
    default: 'otlp',
  },
  {
    name: 'OTEL_METRICS_EXPORTER',
    description: 'How metrics leave the process.',
    valid: 'otlp, prometheus, none, or several with commas between',
    default: 'otlp,prometheus',
  },
  {
    name: 'OTEL_METRIC_EXPORT_INTERVAL',
    description: 'How often metrics are sent.',
    valid: milliseconds,
    default: '60000',
  },
  {
    name: 'OTEL_BSP_SCHEDULE_DELAY',
    description: 'How often spans are sent.',
    valid: milliseconds,
    default: '5000',
  },
  {
    name: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
    description: 'How many spans are sent at once.',
    valid: 'a whole number from 1 to 65536',
    default: '512',
  },
  {
    name: 'OTEL_BSP_MAX_QUEUE_SIZE',
    description: 'How many spans are kept until they are sent.',
    valid: 'a whole number from 1 to 1000000',
    default: '4096',
  },
  {
    name: 'OTEL_EXPORTER_PROMETHEUS_PORT',
    description: 'The port of /metrics.',
    valid: 'a whole number from 0 to 65535',
    default: '9464',
  },
  {
    name: 'OTEL_EXPORTER_PROMETHEUS_HOST',
    description: 'The address of /metrics.',
    valid: 'an address',
    default: '127.0.0.1; in production 0.0.0.0',
  },
]

const secrets = new Set(['OTEL_EXPORTER_OTLP_HEADERS'])

/** The environment variables of telemetry: the standard ones of OpenTelemetry. */
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

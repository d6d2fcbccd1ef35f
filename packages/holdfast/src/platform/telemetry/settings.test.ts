import { createTelemetry, type TelemetryOptions } from 'holdfast/telemetry'
import { HoldfastError } from 'holdfast'
import { expect, test } from 'vitest'
import { telemetryForTest } from './telemetry.fixture.ts'

/** Returns the error of a rejected configuration. */
function refusalOf(options: TelemetryOptions, env: Readonly<Record<string, string>>): HoldfastError {
  try {
    void createTelemetry(options, { env, notify: () => {} }).stop(0)
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error('It was taken.')
}

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }

test.each([
  [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' },
    'OTEL_EXPORTER_OTLP_ENDPOINT must be an http: or https: URL',
  ],
  [
    {},
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'ftp://a' },
    'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be an http: or https: URL',
  ],
  [{ endpoint: 'collector' }, {}, 'option endpoint of telemetry must be an http: or https: URL'],
  [{}, { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'PROTOCOL is grpc, which is not supported'],
  [{}, { ...endpoint, OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc' }, 'OTLP_METRICS_PROTOCOL is grpc'],
  [{}, { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'soap' }, 'it must be one of'],
  [{}, { ...endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '10s' }, 'OTEL_EXPORTER_OTLP_TIMEOUT is "10s"'],
  [{}, { ...endpoint, OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' }, 'gzip, none'],
  [{}, { OTEL_TRACES_SAMPLER: 'sometimes' }, 'OTEL_TRACES_SAMPLER is "sometimes"'],
  [{}, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1.5' }, 'from 0 to 1'],
  [{ samplingRatio: -1 }, {}, 'samplingRatio of telemetry is -1'],
  [{ samplingRatio: Number.NaN }, {}, 'samplingRatio of telemetry is NaN'],
  [{ spanBufferSize: 0 }, {}, 'spanBufferSize of telemetry is 0'],
  [{ seriesLimit: 1.5 }, {}, 'seriesLimit of telemetry is 1.5'],
  [{ metricsServer: { port: 70_000 } }, {}, 'metricsServer.port of telemetry is 70000'],
  [{}, { OTEL_EXPORTER_PROMETHEUS_PORT: '-1' }, 'OTEL_EXPORTER_PROMETHEUS_PORT is "-1"'],
  [{}, { OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER is "zipkin"'],
  [{}, { OTEL_METRICS_EXPORTER: 'otlp,statsd' }, 'OTEL_METRICS_EXPORTER contains "statsd"'],
  [{}, { OTEL_SDK_DISABLED: 'yes' }, 'OTEL_SDK_DISABLED is "yes"'],
  [{}, { OTEL_BSP_MAX_QUEUE_SIZE: '0' }, 'OTEL_BSP_MAX_QUEUE_SIZE is "0"'],
  [{}, { OTEL_RESOURCE_ATTRIBUTES: 'a=1,b' }, 'OTEL_RESOURCE_ATTRIBUTES, part 2'],
  [{}, { OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' }, 'OTEL_RESOURCE_ATTRIBUTES, part 1'],
] as const)('%j with %j is rejected', (options, env, message) => {
  const refusal = refusalOf(options, env)
  expect(refusal.code).toBe('configuration-invalid')
  expect(refusal.message).toContain(message)
})

test.each([
  [{}, { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=s3cret%0Aline' }, '"authorization"'],
  [{}, { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'a b=s3cret' }, '"a b"'],
  [{}, { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 's3cret' }, 'OTEL_EXPORTER_OTLP_HEADERS, part 1'],
  [{ headers: { key: 's3cret\u0000' } }, endpoint, '"key"'],
  [{ endpoint: 'htp://user:s3cret@host' }, {}, 'option endpoint'],
] as const)('%j with %j is rejected without showing a possible secret', (options, env, message) => {
  const refusal = refusalOf(options, env)
  expect(refusal.message).toContain(message)
  expect(refusal.message).not.toContain('s3cret')
})

test('http/protobuf is replaced by JSON, with a warning', () => {
  const { told } = telemetryForTest({}, { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' })
  expect(told[0]).toContain('OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf; http/json is sent')
})

test('an empty variable is treated as not set', () => {
  const names = [
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'OTEL_TRACES_SAMPLER',
    'OTEL_SDK_DISABLED',
    'OTEL_SERVICE_NAME',
  ]
  const telemetry = telemetryForTest({}, Object.fromEntries(names.map((name) => [name, ' '])))
  expect(telemetry.resource['service.name']).toBe('shop')
  expect(telemetry.beginTrace('server', undefined).isRecording).toBe(true)
})

test('a variable of another protocol is ignored if nothing is exported', () => {
  expect(telemetryForTest({}, { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).told).toEqual([])
})

import { execFile } from 'node:child_process'
import { type HistogramDefinition, metricsText } from 'holdfast/telemetry'
import { beforeAll, describe, expect, test } from 'vitest'
import { debianTool } from '../../../../test/debian-tool.ts'
import { type TelemetryForTest, telemetryForTest } from '../telemetry.fixture.ts'

const openMetrics = 'application/openmetrics-text;version=1.0.0'

const duration: HistogramDefinition = {
  name: 'http.server.request.duration',
  description: 'Duration of "HTTP"\nrequests \\ in seconds.',
  unit: 's',
  bounds: [0.5, 1],
}

/** Creates telemetry with one measurement of each kind. */
function measured(): { readonly telemetry: TelemetryForTest; readonly exemplar: string } {
  const telemetry = telemetryForTest({ resource: { 'cloud.region': 'eu "west"\n\\' } })
  const span = telemetry.beginTrace('server', undefined)
  const series = telemetry.histogram(duration).with({ 'http.route': '/{id}', 'http.request.method': 'GET' })
  series.record(0.25)
  series.record(1)
  series.record(0.75, span)
  series.record(3)
  telemetry.counter({ name: 'holdfast.calls', description: 'Calls.', unit: '{call}' }).with({}).add(2)
  telemetry.upDownCounter({ name: 'process.memory.usage', description: 'Memory.', unit: 'By' }, () => [
    { value: 1.5e9, attributes: { 'a-b': 'x', 'a.b': 'y', '1st': true } },
  ])
  const { traceId, spanId } = span.trace
  return { telemetry, exemplar: ` # {trace_id="${traceId}",span_id="${spanId}"} 0.75 ` }
}

const linesOf = (telemetry: TelemetryForTest, accept?: string): readonly string[] =>
  metricsText(telemetry, accept).text.split('\n')

describe('the text', () => {
  test('the text in the Prometheus format contains all kinds of metrics, with the names that OpenTelemetry defines', () => {
    const lines = linesOf(measured().telemetry)
    const [help, type, info, ...rest] = lines
    expect([help, type]).toEqual(['# HELP target_info The measured service.', '# TYPE target_info gauge'])
    expect(info).toMatch(/^target_info\{cloud_region="eu \\"west\\"\\n\\\\",.*service_name="shop",.*\} 1$/)
    expect(rest).toEqual([
      String.raw`# HELP http_server_request_duration_seconds Duration of "HTTP"\nrequests \\ in seconds.`,
      '# TYPE http_server_request_duration_seconds histogram',
      'http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/{id}",le="0.5"} 1',
      'http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/{id}",le="1"} 3',
      'http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/{id}",le="+Inf"} 4',
      'http_server_request_duration_seconds_sum{http_request_method="GET",http_route="/{id}"} 5',
      'http_server_request_duration_seconds_count{http_request_method="GET",http_route="/{id}"} 4',
      '# HELP holdfast_calls_total Calls.',
      '# TYPE holdfast_calls_total counter',
      'holdfast_calls_total 2',
      '# HELP process_memory_usage_bytes Memory.',
      '# TYPE process_memory_usage_bytes gauge',
      'process_memory_usage_bytes{_1st="true",a_b="x;y"} 1500000000',
      '',
    ])
  })

  test('the text in the OpenMetrics format also contains units, exemplars and an end marker', () => {
    const { telemetry, exemplar } = measured()
    const lines = linesOf(telemetry, openMetrics)
    const bucket =
      'http_server_request_duration_seconds_bucket{http_request_method="GET",http_route="/{id}",le='
    expect(lines.slice(0, 2)).toEqual(['# HELP target The measured service.', '# TYPE target info'])
    expect(lines).toContain(
      String.raw`# HELP http_server_request_duration_seconds Duration of \"HTTP\"\nrequests \\ in seconds.`,
    )
    expect(lines).toContain('# UNIT http_server_request_duration_seconds seconds')
    expect(lines).toContain(`${bucket}"0.5"} 1`)
    expect(lines.find((line) => line.startsWith(`${bucket}"1.0"} 3`))).toContain(exemplar)
    expect(lines.find((line) => line.includes(exemplar))).toMatch(/ \d{10}\.\d{3}$/)
    expect(lines).toContain('# TYPE holdfast_calls counter')
    expect(lines).toContain('holdfast_calls_total 2')
    expect(lines.slice(-2)).toEqual(['# EOF', ''])
    expect(metricsText(telemetry).text).not.toContain('trace_id')
  })

  test.each([
    [{ kind: 'counter', name: 'a.b', unit: 's' }, 'a_b_seconds_total'],
    [{ kind: 'counter', name: 'a.b.total', unit: '1' }, 'a_b_total'],
    [{ kind: 'counter', name: 'a', unit: '{call}' }, 'a_total'],
    [{ kind: 'gauge', name: 'a', unit: '1' }, 'a_ratio'],
    [{ kind: 'gauge', name: 'a.seconds', unit: 's' }, 'a_seconds'],
    [{ kind: 'gauge', name: 'a', unit: 'ms' }, 'a_milliseconds'],
    [{ kind: 'gauge', name: 'a', unit: '%' }, 'a_percent'],
    [{ kind: 'gauge', name: 'a', unit: 'By/s' }, 'a_bytes_per_second'],
    [{ kind: 'gauge', name: 'a', unit: '{packet}/s' }, 'a_per_second'],
    [{ kind: 'gauge', name: 'a--ü.b', unit: 'V' }, 'a_b_V'],
    [{ kind: 'gauge', name: 'a.b', unit: '' }, 'a_b'],
  ] as const)('the text renames %j to %s', ({ kind, name, unit }, expected) => {
    const telemetry = telemetryForTest()
    const definition = { name, description: 'It.', unit }
    if (kind === 'counter') telemetry.counter(definition).with({}).add()
    else telemetry.gauge(definition, () => [{ value: 1 }])
    for (const accept of [undefined, openMetrics])
      expect(linesOf(telemetry, accept)).toContain(`${expected} 1`)
  })

  test('the text contains one family for two names that are the same after renaming', () => {
    const telemetry = telemetryForTest()
    telemetry.counter({ name: 'a.b', description: '1', unit: '1' }).with({}).add()
    telemetry.counter({ name: 'a_b', description: '2', unit: '1' }).with({}).add()
    expect(linesOf(telemetry).filter((line) => line === '# TYPE a_b_total counter')).toHaveLength(1)
  })
})

test.each([
  [undefined, 'text/plain; version=0.0.4; charset=utf-8'],
  ['*/*', 'text/plain; version=0.0.4; charset=utf-8'],
  ['text/html,application/xhtml+xml', 'text/plain; version=0.0.4; charset=utf-8'],
  ['application/openmetrics-text', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
  ['application/openmetrics-text;version=0.0.1', 'text/plain; version=0.0.4; charset=utf-8'],
  ['application/openmetrics-text;q=0', 'text/plain; version=0.0.4; charset=utf-8'],
  ['text/plain, application/openmetrics-text;q=0.5', 'text/plain; version=0.0.4; charset=utf-8'],
  [
    // The header that Prometheus 3 sends.
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  ],
])('with Accept: %s the format is %s', (accept, contentType) => {
  expect(metricsText(measured().telemetry, accept).contentType).toBe(contentType)
})

describe('promtool', () => {
  let promtool: string | undefined
  let missing: string | undefined
  beforeAll(async () => {
    const tool = await debianTool('promtool', { package: 'prometheus' })
    promtool = tool.path
    missing = tool.missing
  }, 240_000)

  test('promtool accepts the text without a warning', async ({ skip }) => {
    if (promtool === undefined) return skip(missing)
    const { telemetry } = measured()
    telemetry.counter({ name: 'long', description: 'Text.', unit: '1' }).with({ text: '\\"\n€\ud800' }).add()
    const output = await new Promise<string>((resolve, reject) => {
      const child = execFile(promtool!, ['check', 'metrics'], (error, stdout, stderr) =>
        error ? reject(new Error(`${stdout}${stderr}`)) : resolve(stdout + stderr),
      )
      child.stdin?.end(metricsText(telemetry).text)
    })
    expect(output).toBe('')
  })
})

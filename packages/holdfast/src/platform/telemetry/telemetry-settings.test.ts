import { expect, test } from 'vitest'
import { describeResource } from './resource.ts'
import { readTelemetrySettings } from './settings.ts'
import { telemetrySettings } from './telemetry-settings.ts'

/** Creates an environment that records which of its variables are read. */
function notingEnvironment(given: Readonly<Record<string, string>>) {
  const names = new Set<string>()
  const env = new Proxy<Record<string, string | undefined>>(
    { ...given },
    {
      get(target, name) {
        names.add(String(name))
        return target[String(name)]
      },
    },
  )
  return { env, names }
}

test('every variable that telemetry reads is described', () => {
  const { env, names } = notingEnvironment({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_METRICS_EXPORTER: 'otlp,prometheus',
  })
  readTelemetrySettings({ options: {}, env, mode: 'development', notify: () => {} })
  describeResource({ name: 'x' }, {}, env)
  const described = telemetrySettings.descriptions.map(({ name }) => name)
  // A variable of one signal overrides the variable of both signals.
  const general = [...names].map((name) => name.replace(/OTLP_(?:TRACES|METRICS)_(?!ENDPOINT)/, 'OTLP_'))
  expect([...new Set(general)].sort()).toEqual(described.toSorted())
})

test('an invalid variable is reported together with other invalid settings', async () => {
  const issues = await telemetrySettings.check({
    env: { OTEL_TRACES_SAMPLER: 'sometimes' },
    mode: 'production',
  })
  expect(issues).toEqual([expect.stringContaining('OTEL_TRACES_SAMPLER is "sometimes"')])
})

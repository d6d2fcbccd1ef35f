import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { createLogger, HoldfastError } from 'holdfast'
import { serveMetrics, type TelemetryOptions, watchService } from 'holdfast/telemetry'
import { describe, expect, onTestFinished, test } from 'vitest'
import { telemetryForTest } from '../telemetry.fixture.ts'

const anyPort = { port: 0, host: '127.0.0.1' }

test('only GET /metrics is answered', async () => {
  const telemetry = telemetryForTest()
  telemetry.counter({ name: 'calls', description: 'Calls.', unit: '1' }).with({}).add()
  const server = await serveMetrics(telemetry, anyPort)
  onTestFinished(() => server.stop())
  expect(server.url).toBe(`http://127.0.0.1:${server.port}/metrics`)
  const plain = await fetch(`${server.url}?x=1`)
  expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await plain.text()).toContain('\ncalls_total 1\n')
  const open = await fetch(server.url, { headers: { accept: 'application/openmetrics-text' } })
  expect(open.headers.get('content-type')).toContain('openmetrics')
  expect(await open.text()).toMatch(/# EOF\n$/)
  expect((await fetch(server.url, { method: 'HEAD' })).status).toBe(200)
  expect((await fetch(server.url, { method: 'POST' })).status).toBe(405)
  expect((await fetch(server.url.replace('/metrics', '/'))).status).toBe(404)
  await server.stop()
  await expect(fetch(server.url)).rejects.toThrow('fetch failed')
})

test('a connection is answered once, even if it sends more requests', async () => {
  const server = await serveMetrics(telemetryForTest(), anyPort)
  onTestFinished(() => server.stop())
  const socket = connect(server.port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
  socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50))
  await once(socket, 'close')
  expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(1)
})

describe('a service with telemetry', () => {
  async function watch(options: TelemetryOptions, env: Readonly<Record<string, string>>) {
    const told: string[] = []
    const log: Record<string, unknown>[] = []
    const telemetry = await watchService(
      { runtimeMetrics: false, ...options },
      {
        env,
        log: createLogger({
          level: 'debug',
          write: (line) => log.push(JSON.parse(line) as Record<string, unknown>),
        }),
        notify: (message) => told.push(message),
      },
    )
    onTestFinished(() => telemetry.stop(0))
    const url = log.find(({ msg }) => msg === 'serving metrics')?.['url']
    return { telemetry, told, url: typeof url === 'string' ? url : undefined }
  }

  async function takePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return (server.address() as AddressInfo).port
  }

  test('a service with telemetry serves its metrics on the configured port, until it is stopped', async () => {
    const { telemetry, url } = await watch({ metricsServer: { port: 0 } }, { NODE_ENV: 'test' })
    expect((await fetch(url!)).status).toBe(200)
    await telemetry.stop()
    await expect(fetch(url!)).rejects.toThrow('fetch failed')
  })

  test.each([
    ['in tests', {}, { NODE_ENV: 'test' }],
    ['by option', { metricsServer: false }, { OTEL_EXPORTER_PROMETHEUS_PORT: '0' }],
    ['by variable', {}, { OTEL_METRICS_EXPORTER: 'none' }],
    ['where they are exported alone', {}, { OTEL_METRICS_EXPORTER: 'otlp' }],
    ['where nothing is recorded', {}, { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_PROMETHEUS_PORT: '0' }],
  ] as const)('a service with telemetry does not serve its metrics %s', async (_, options, env) => {
    const { url, told } = await watch(options, env)
    expect(url).toBeUndefined()
    expect(told).toEqual([])
  })

  test.each([
    ['development', { OTEL_EXPORTER_PROMETHEUS_PORT: '0' }, '127.0.0.1'],
    [
      'production',
      { OTEL_METRICS_EXPORTER: 'otlp,prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '0' },
      '127.0.0.2',
    ],
    [
      'production',
      { OTEL_EXPORTER_PROMETHEUS_PORT: '0', OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1' },
      '127.0.0.1',
    ],
  ])('in %s, a service with telemetry serves its metrics with %j, at %s', async (mode, env, address) => {
    const { url } = await watch({}, { NODE_ENV: mode, ...env })
    const at = (host: string) => url!.replace('127.0.0.1', host)
    expect((await fetch(at(address))).status).toBe(200)
    const isElsewhere = await fetch(at('127.0.0.3')).then(
      () => true,
      () => false,
    )
    expect(isElsewhere).toBe(address !== '127.0.0.1')
  })

  test('a service with telemetry runs without metrics if the port is in use, and logs this', async () => {
    const port = await takePort()
    for (const NODE_ENV of ['development', 'test']) {
      const { told, telemetry } = await watch({}, { NODE_ENV, OTEL_EXPORTER_PROMETHEUS_PORT: String(port) })
      expect(told).toEqual([
        expect.stringContaining(`port ${port} on 127.0.0.1: it is in use by another process`),
      ])
      expect(telemetry.beginTrace('server', undefined).isRecording).toBe(true)
    }
  })

  test('a service with telemetry logs in one line, once, that the default port is in use', async () => {
    const holder = createServer()
    // If another service runs on this machine, the port is already in use.
    await new Promise((resolve) =>
      holder.once('error', resolve).listen(9_464, '127.0.0.1', () => resolve(undefined)),
    )
    onTestFinished(() => void holder.close())
    const { told } = await watch({}, { NODE_ENV: 'development' })
    expect(told).toEqual([
      'port 9464 is in use, so metrics are not served; choose another port with OTEL_EXPORTER_PROMETHEUS_PORT',
    ])
  })

  test('a service with telemetry does not start in production if the configured port is in use', async () => {
    const port = await takePort()
    const env = { NODE_ENV: 'production', OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1' }
    const failure = await watch({ metricsServer: { port } }, env).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(HoldfastError)
    expect(failure).toMatchObject({ code: 'metrics-not-served' })
  })
})

import { setTimeout as wait } from 'node:timers/promises'
import type { Metric } from 'holdfast/telemetry'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { telemetryForTest } from '../telemetry.fixture.ts'

function valuesOf(metrics: readonly Metric[], name: string): readonly number[] {
  const metric = metrics.find(({ definition }) => definition.name === name)
  return metric === undefined || metric.kind === 'histogram' ? [] : metric.points.map(({ value }) => value)
}

test('the process is measured', async () => {
  const telemetry = telemetryForTest({ runtimeMetrics: true })
  await wait(60)
  // Blocks the event loop.
  const endMs = performance.now() + 200
  while (performance.now() < endMs);
  await wait(60)
  const metrics = telemetry.readMetrics()
  const first = (name: string): number => valuesOf(metrics, name)[0]!
  const cpu = valuesOf(metrics, 'process.cpu.time')
  expect(cpu).toHaveLength(2)
  expect(cpu[0]! + cpu[1]!).toBeGreaterThan(0.2)
  expect(first('process.memory.usage')).toBeGreaterThan(1e7)
  expect(first('v8js.memory.heap.used')).toBeGreaterThan(1e6)
  for (const name of ['process.memory.usage', 'v8js.memory.heap.used', 'v8js.memory.heap.limit']) {
    expect(metrics.find(({ definition }) => definition.name === name)?.kind).toBe('upDownCounter')
  }
  expect(first('v8js.memory.heap.limit')).toBeGreaterThan(first('v8js.memory.heap.used'))
  expect(first('nodejs.eventloop.delay.max')).toBeGreaterThan(0.1)
  expect(first('nodejs.eventloop.delay.max')).toBeLessThan(10)
  expect(first('nodejs.eventloop.delay.p50')).toBeLessThan(first('nodejs.eventloop.delay.max'))
  expect(first('nodejs.eventloop.utilization')).toBeGreaterThan(0.2)
  expect(first('nodejs.eventloop.utilization')).toBeLessThanOrEqual(1)
  // A second reader sees the same values.
  expect(valuesOf(telemetry.readMetrics(), 'nodejs.eventloop.delay.max')).toEqual(
    valuesOf(metrics, 'nodejs.eventloop.delay.max'),
  )
})

test('garbage collections are measured, by their kind', async () => {
  const telemetry = telemetryForTest({ runtimeMetrics: true })
  const minor = await until(() => {
    let garbage: unknown[] = []
    for (let n = 0; n < 1e6; n += 1) garbage = [garbage.length]
    const metric = telemetry.readMetrics().find(({ definition }) => definition.name === 'v8js.gc.duration')
    return metric?.points.find(({ attributes }) => attributes['v8js.gc.type'] === 'minor')
  })
  expect(minor).toMatchObject({ count: expect.any(Number), sum: expect.any(Number) })
})

test('the process is not measured after telemetry has stopped, or if process metrics are disabled', async () => {
  const telemetry = telemetryForTest({ runtimeMetrics: true })
  await telemetry.stop()
  expect(valuesOf(telemetry.readMetrics(), 'process.memory.usage')).toEqual([])
  expect(telemetryForTest({ runtimeMetrics: false }).readMetrics()).toEqual([])
})

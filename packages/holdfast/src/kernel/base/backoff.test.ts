import { expect, test } from 'vitest'
import { backoffBoundMs, betweenMs, equalJitterMs, fullJitterMs } from './backoff.ts'

const bounds = { firstMs: 100, maxMs: 5_000 }

test('the bound doubles with each failure, up to its max', () => {
  const failures = [1, 2, 3, 6, 7, 8, 5_000]
  expect(failures.map((count) => backoffBoundMs(bounds, count))).toEqual([
    100, 200, 400, 3_200, 5_000, 5_000, 5_000,
  ])
  expect(backoffBoundMs({ firstMs: 100 }, 11)).toBe(102_400)
})

test('full jitter is anywhere below the bound', () => {
  expect([0, 0.5, 1].map((random) => fullJitterMs(bounds, 2, random))).toEqual([0, 100, 200])
})

test('equal jitter is at least half of the bound', () => {
  expect([0, 0.5, 1].map((random) => equalJitterMs(bounds, 2, random))).toEqual([100, 150, 200])
})

test('a delay between two bounds is uniformly distributed', () => {
  expect([0, 0.25, 1].map((random) => betweenMs(40, 80, random))).toEqual([40, 50, 80])
  expect(betweenMs(Infinity, Infinity)).toBe(Infinity)
})

test('each delay is random by default', () => {
  for (const delay of [fullJitterMs, equalJitterMs]) {
    const delays = Array.from({ length: 20 }, () => delay(bounds, 100))
    expect(new Set(delays).size).toBeGreaterThan(1)
    expect(Math.max(...delays)).toBeLessThanOrEqual(5_000)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0)
  }
})

import {
  monitorEventLoopDelay,
  performance,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { HistogramSeries } from '../../../kernel/telemetry/telemetry.ts'
import type { Meter } from './meter.ts'
import { unstableNames as names } from './unstable-names.ts'

const nanosPerSecond = 1e9
const delayResolutionMs = 20

// Min length of a measurement period. Reads within one period return the same values; otherwise,
// one reader would cut short another's period.
const shortestStretchMs = 10_000

const gcBounds = [0.001, 0.01, 0.1, 1]

const gcTypes: ReadonlyMap<number, string> = new Map([
  [1, 'minor'],
  [2, 'minor'],
  [4, 'major'],
  [8, 'incremental'],
  [16, 'weakcb'],
])

/** Measures the process itself. Returns a function that stops the measurement. */
export function measureRuntime(meter: Meter): () => void {
  const ends = [measureCpu(meter), measureMemory(meter), measureLoop(meter), measureCollections(meter)]
  return () => ends.forEach((end) => end())
}

function measureCpu(meter: Meter): () => void {
  return meter.observedCounter(
    { name: names.cpuTime, description: 'CPU time of the process.', unit: 's' },
    () => {
      const { user, system } = process.cpuUsage()
      return [
        { value: user / 1e6, attributes: { [names.cpuMode]: 'user' } },
        { value: system / 1e6, attributes: { [names.cpuMode]: 'system' } },
      ]
    },
  )
}

function measureMemory(meter: Meter): () => void {
  const ends = [
    meter.upDownCounter(
      { name: names.memoryUsage, description: 'Memory of the process (resident set size).', unit: 'By' },
      () => [{ value: process.memoryUsage.rss() }],
    ),
    meter.upDownCounter({ name: names.heapUsed, description: 'Used JavaScript heap.', unit: 'By' }, () => [
      { value: getHeapStatistics().used_heap_size },
    ]),
    meter.upDownCounter({ name: names.heapLimit, description: 'Max JavaScript heap.', unit: 'By' }, () => [
      { value: getHeapStatistics().heap_size_limit },
    ]),
  ]
  return () => ends.forEach((end) => end())
}

interface LoopState {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly utilization: number
}

function measureLoop(meter: Meter): () => void {
  const delays = monitorEventLoopDelay({ resolution: delayResolutionMs })
  delays.enable()
  let since = performance.eventLoopUtilization()
  let readAtMs = Number.NEGATIVE_INFINITY
  let state: LoopState = { p50: 0, p99: 0, max: 0, utilization: 0 }

  /**
   * Converts a measured interval between timer rounds to the event loop's delay: the part that
   * exceeds the timer's resolution.
   */
  const seconds = (nanos: number): number => Math.max(0, nanos / nanosPerSecond - delayResolutionMs / 1_000)

  function read(): LoopState {
    if (performance.now() - readAtMs < shortestStretchMs) return state
    const now = performance.eventLoopUtilization()
    state = {
      p50: seconds(delays.percentile(50)),
      p99: seconds(delays.percentile(99)),
      max: seconds(delays.max),
      utilization: performance.eventLoopUtilization(now, since).utilization,
    }
    since = now
    readAtMs = performance.now()
    delays.reset()
    return state
  }

  const delay = 'Delay of the event loop since the last reading.'
  const ends = [
    meter.gauge({ name: names.loopDelayP50, description: `${delay} The median.`, unit: 's' }, () => [
      { value: read().p50 },
    ]),
    meter.gauge({ name: names.loopDelayP99, description: `${delay} The 99th percentile.`, unit: 's' }, () => [
      { value: read().p99 },
    ]),
    meter.gauge({ name: names.loopDelayMax, description: `${delay} The maximum.`, unit: 's' }, () => [
      { value: read().max },
    ]),
    meter.gauge(
      {
        name: names.loopUtilization,
        description: 'Share of time in which the event loop was busy, since the last reading.',
        unit: '1',
      },
      () => [{ value: read().utilization }],
    ),
  ]
  return () => {
    ends.forEach((end) => end())
    delays.disable()
  }
}

function measureCollections(meter: Meter): () => void {
  const durations = meter.histogram({
    name: names.gcDuration,
    description: 'Duration of garbage collections.',
    unit: 's',
    bounds: gcBounds,
  })
  const series = new Map<number | undefined, HistogramSeries>()
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind } = (entry as PerformanceEntry & { readonly detail: { readonly kind?: number } }).detail
      const known = series.get(kind) ?? durations.with({ [names.gcType]: gcTypes.get(kind ?? 0) ?? 'other' })
      series.set(kind, known)
      known.record(entry.duration / 1_000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return () => observer.disconnect()
}

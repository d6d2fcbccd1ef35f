/**
 * Names that may still change. The names of the runtime metrics are in development in
 * OpenTelemetry's semantic conventions (1.37). The conventions do not cover the other names, which
 * are the framework's.
 */
export const unstableNames = {
  cpuMode: 'cpu.mode',
  cpuTime: 'process.cpu.time',
  memoryUsage: 'process.memory.usage',
  heapUsed: 'v8js.memory.heap.used',
  heapLimit: 'v8js.memory.heap.limit',
  gcDuration: 'v8js.gc.duration',
  gcType: 'v8js.gc.type',
  loopUtilization: 'nodejs.eventloop.utilization',
  loopDelayP50: 'nodejs.eventloop.delay.p50',
  loopDelayP99: 'nodejs.eventloop.delay.p99',
  loopDelayMax: 'nodejs.eventloop.delay.max',
} as const

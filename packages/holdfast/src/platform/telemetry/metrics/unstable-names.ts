/**
 * Names that may still change. In OpenTelemetry's semantic conventions (1.37), the names of the
 * runtime metrics have the status “development”. The other names are the framework's own.
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

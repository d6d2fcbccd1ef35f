/**
 * Names that may still change: those of the runtime, which are in development in OpenTelemetry's
 * semantic conventions (1.37), and those of this framework, which the conventions do not cover.
 */
export const unstableNames = {
  cpuMode: 'cpu.mode',
  cpuTime: 'process.cpu.time',
  cpuUtilization: 'process.cpu.utilization',
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

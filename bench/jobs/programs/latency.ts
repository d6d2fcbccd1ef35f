import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { engineNamed } from '../engine-named.ts'
import { readTask, type Task, tell } from './task.ts'

/** A task that enqueues jobs for an idle worker, one at a time. */
export interface LatencyTask extends Task {
  readonly jobs: number
  /**
   * Max duration of the measurement, in milliseconds. If it is exceeded, the result has fewer jobs.
   */
  readonly limitMs: number
  /**
   * Max random pause before each job, in milliseconds. Without the pause, the jobs could be
   * enqueued in step with a polling interval.
   */
  readonly maxPauseMs: number
  /** True if this process is also the worker. */
  readonly isOneProcess: boolean
}

/** The time from the commit of each job to its start, in milliseconds. */
export type Latencies = readonly number[]

const { engine: name, settings, url, jobs, limitMs, maxPauseMs, isOneProcess } = readTask<LatencyTask>()
// The number of initial jobs, which are not measured, because they open connections.
const unmeasured = 2

const starts = new Map<number, PromiseWithResolvers<bigint>>()
const startOf = (n: number): PromiseWithResolvers<bigint> =>
  starts.getOrInsertComputed(n, () => Promise.withResolvers())
const engine = await engineNamed(name)
const member = await engine.open(
  url,
  settings,
  isOneProcess ? (n) => startOf(n).resolve(process.hrtime.bigint()) : undefined,
)
const worker = isOneProcess
  ? undefined
  : fork(join(import.meta.dirname, 'latency-worker.ts'), [process.argv[2]!])
worker?.on('message', ({ n, startedNs }: { n: number; startedNs: string }) =>
  startOf(n).resolve(BigInt(startedNs)),
)
if (worker) await once(worker, 'message')

const latencies: number[] = []
let endMs = Infinity
for (let n = 1; n <= jobs + unmeasured && performance.now() < endMs; n += 1) {
  await sleep(Math.random() * maxPauseMs)
  await member.enqueue(n)
  const committedNs = process.hrtime.bigint()
  const startedNs = await startOf(n).promise
  if (n > unmeasured) latencies.push(Number(startedNs - committedNs) / 1e6)
  else endMs = performance.now() + limitMs
}
const exited = worker && once(worker, 'exit')
worker?.send('stop')
await member.stop()
await exited
tell(latencies satisfies Latencies)

import { concurrency } from '../engine.ts'
import { engineNamed } from '../engine-named.ts'
import { type CpuTime, measureCpu, perJob, readTask, type Task, tell } from './task.ts'

/** A task that enqueues jobs, one in each transaction. */
export interface EnqueueTask extends Task {
  /** The total number of jobs. */
  readonly jobs: number
}

/** The measured cost of enqueuing. */
export interface Enqueued {
  readonly perSecond: number
  /** The CPU time per job. */
  readonly cpu: CpuTime
}

const task = readTask<EnqueueTask>()
const { engine, settings, url, jobs } = task
const member = await (await engineNamed(engine)).open(url, settings)
// These jobs open the connections, and are not measured.
await Promise.all(Array.from({ length: concurrency }, () => member.enqueue(0)))
let next = concurrency
const cpuSinceStart = measureCpu(task)
const startedMs = performance.now()
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (next < jobs) {
      next += 1
      await member.enqueue(next)
    }
  }),
)
const seconds = (performance.now() - startedMs) / 1_000
const cpu = perJob(cpuSinceStart(), jobs - concurrency)
await member.stop()
tell({ perSecond: (jobs - concurrency) / seconds, cpu } satisfies Enqueued)

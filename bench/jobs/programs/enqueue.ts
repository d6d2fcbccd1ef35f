import { concurrency } from '../engine.ts'
import { engineNamed } from '../engine-named.ts'
import { readTask, type Task, tell } from './task.ts'

/** A task that enqueues jobs, one in each transaction. */
export interface EnqueueTask extends Task {
  /** The total number of jobs. */
  readonly jobs: number
}

/** The result. */
export interface Enqueued {
  readonly perSecond: number
}

const { engine, settings, url, jobs } = readTask<EnqueueTask>()
const member = await (await engineNamed(engine)).open(url, settings)
// These jobs open the connections, and are not measured.
await Promise.all(Array.from({ length: concurrency }, () => member.enqueue(0)))
let next = concurrency
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
await member.stop()
tell({ perSecond: (jobs - concurrency) / seconds } satisfies Enqueued)

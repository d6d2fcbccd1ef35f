import pg from 'pg'
import { engineNamed } from '../engine-named.ts'
import { type CpuTime, measureCpu, perJob, readTask, type Task, tell } from './task.ts'

/** A task that runs waiting jobs. */
export interface WorkTask extends Task {
  /** Number of jobs. */
  readonly jobs: number
  /**
   * True if the database has more jobs than the task runs. If false, the task ends when all jobs
   * have ended in the database.
   */
  readonly leavesOthers: boolean
  /** True if each job writes a row. */
  readonly writes: boolean
  /** Max duration from the first job on, in milliseconds. */
  readonly limitMs: number
}

/** The measured cost of running jobs. */
export interface Worked {
  /** The duration from the first job on, in seconds. */
  readonly seconds: number
  readonly handled: number
  /** The CPU time per job, from the first job on. */
  readonly cpu: CpuTime
}

const task = readTask<WorkTask>()
const { engine: name, settings, url, jobs, leavesOthers, writes, limitMs } = task
const engine = await engineNamed(name)
const watching = new pg.Client({ connectionString: url })
await watching.connect()
const over = Promise.withResolvers<void>()
let startedMs: number | undefined
let cpuSinceStart: (() => CpuTime) | undefined
let timer: NodeJS.Timeout | undefined
let handled = 0
const count = (): void => {
  handled += 1
  if (handled === jobs) over.resolve()
}

const member = await engine.open(url, settings, (_, write) => {
  if (startedMs === undefined) {
    startedMs = performance.now()
    cpuSinceStart = measureCpu(task)
    timer = setTimeout(over.resolve, limitMs)
  }
  if (writes) return write().then(count)
  return count()
})
await over.promise
clearTimeout(timer)
if (handled === jobs && !leavesOthers) while ((await countUnfinished()) > 0);
const result: Worked = {
  seconds: (performance.now() - startedMs!) / 1_000,
  handled,
  cpu: perJob(cpuSinceStart!(), handled),
}
await member.stop()
await watching.end()
tell(result)

async function countUnfinished(): Promise<number> {
  const { rows } = await watching.query<{ count: number }>(engine.countUnfinished)
  return rows[0]!.count
}

import { cpuSecondsOfPostgres } from '../../cpu-seconds-of.ts'
import type { EngineName } from '../engine-named.ts'

/** The input of each program in these benchmarks. */
export interface Task {
  readonly engine: EngineName
  readonly settings: string
  readonly url: string
  /** The id of Postgres's main process. */
  readonly postgresPid: number
}

/** The CPU time of some work, in seconds. */
export interface CpuTime {
  /** The CPU time of this process. */
  readonly own: number
  /** The CPU time of all Postgres processes. */
  readonly postgres: number
}

/** Starts to measure CPU time. Returns a function that returns the time used since. */
export function measureCpu({ postgresPid }: Task): () => CpuTime {
  const ownBefore = process.cpuUsage()
  const postgresBefore = cpuSecondsOfPostgres(postgresPid)
  return () => {
    const { user, system } = process.cpuUsage(ownBefore)
    return { own: (user + system) / 1e6, postgres: cpuSecondsOfPostgres(postgresPid) - postgresBefore }
  }
}

/** Divides the time of some jobs by their number. */
export function perJob({ own, postgres }: CpuTime, jobs: number): CpuTime {
  return { own: own / jobs, postgres: postgres / jobs }
}

/** The task of this process. */
export function readTask<T extends Task>(): T {
  return JSON.parse(process.argv[2] ?? '') as T
}

/** Reports the result on the last line of stdout. */
export function tell(result: unknown): void {
  process.stdout.write(`\n${JSON.stringify(result)}\n`)
}

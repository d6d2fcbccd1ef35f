import type { EngineName } from '../engine-named.ts'

/** The input of every program of these benchmarks. */
export interface Task {
  readonly engine: EngineName
  readonly settings: string
  readonly url: string
}

/** The task of this process. */
export function readTask<T extends Task>(): T {
  return JSON.parse(process.argv[2] ?? '') as T
}

/** Reports the result on the last line of stdout. */
export function tell(result: unknown): void {
  process.stdout.write(`\n${JSON.stringify(result)}\n`)
}

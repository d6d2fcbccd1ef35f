import type { Processes } from './processes.ts'

/** What a benchmark is given. */
export interface Bench {
  /** How often each participant is measured; a round before them warms up and does not count. */
  readonly rounds: number
  /** How long one measurement of throughput lasts. */
  readonly seconds: number
  readonly processes: Processes
  /** Has something done when the run ends, however it ends; what was begun last ends first. */
  readonly atEnd: (cleanUp: () => void | Promise<void>) => void
  /** Tells the person who waits what is going on. */
  readonly notify: (message: string) => void
}

/** What a benchmark found out. */
export interface Table {
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
  /** What to know when reading it. */
  readonly note?: string
}

/** The heading of a column; figures are aligned to the right. */
export interface Column {
  readonly heading: string
  readonly isFigure?: boolean
}

/** Measures one question, participants interleaved. */
export type Benchmark = (bench: Bench) => Promise<readonly Table[]>

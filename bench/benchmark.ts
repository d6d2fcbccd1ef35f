import type { Processes } from './processes.ts'

/** The context of a benchmark. */
export interface Bench {
  /** Number of measurements per participant, not counting the warm-up round. */
  readonly rounds: number
  /** Duration of a throughput measurement. */
  readonly seconds: number
  readonly processes: Processes
  /**
   * Registers a cleanup for the end of the run, successful or not; cleanups run in reverse order.
   */
  readonly atEnd: (cleanUp: () => void | Promise<void>) => void
  /** Reports progress to the user. */
  readonly notify: (message: string) => void
}

/** The results of a benchmark. */
export interface Table {
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
  /** Notes for readers of the results. */
  readonly note?: string
}

/** The heading of a column; figures are aligned to the right. */
export interface Column {
  readonly heading: string
  readonly isFigure?: boolean
}

/** Answers one question by measuring participants, which take turns. */
export type Benchmark = (bench: Bench) => Promise<readonly Table[]>

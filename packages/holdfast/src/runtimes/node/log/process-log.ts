import type { Level, Logger } from '../../../kernel/base/log.ts'
import { JsonLog } from './json-log.ts'
import { type LineWriter, openLineWriter } from './line-writer.ts'
import { toReadable } from './readable-line.ts'

/** Options of {@link createProcessLog}. */
export interface ProcessLogOptions {
  /** The min level that is written. */
  readonly level: Level
  /** True if a person reads the output, not a program. */
  readonly isForPeople: boolean
}

/**
 * Creates the log of a process: one JSON object per line, on stdout. Lines are buffered for at most
 * a tenth of a second; a warning or an error is written immediately, with all lines before it. When
 * the process ends, the rest is written, unless the process is killed. A closed reader or a full
 * disk causes no failure.
 */
export function createProcessLog({ level, isForPeople }: ProcessLogOptions): Logger {
  return new JsonLog(level, isForPeople ? terminal : (standardOutput ??= openLineWriter(1)))
}

const terminal: LineWriter = { write: (line) => void process.stdout.write(toReadable(line)) }

// A process has one stdout, regardless of how many services it runs.
let standardOutput: LineWriter | undefined

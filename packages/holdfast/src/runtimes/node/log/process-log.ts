import { type DestinationStream, pino } from 'pino'
import type { Logger, LoggerOptions } from '../../../kernel/base/log.ts'
import { type LineWriter, openLineWriter } from './line-writer.ts'
import { toReadable } from './readable-line.ts'

/** Options of {@link createProcessLog}. */
export interface ProcessLogOptions {
  /** The min level that is written. */
  readonly level: NonNullable<LoggerOptions['level']>
  /** True if a person reads the output, not a program. */
  readonly isForPeople: boolean
}

const warnSeverity = 40

/**
 * Creates the log of a process: pino, one JSON object per line, on stdout. Lines are buffered for
 * at most a tenth of a second; a warning or an error is written at once, with all lines before it.
 * When the process ends, the rest is written, unless the process is killed. A closed reader or a
 * full disk causes no failure.
 */
export function createProcessLog({ level, isForPeople }: ProcessLogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: timeMember,
      formatters: { level: (label) => ({ level: label }) },
    },
    isForPeople ? terminal : (standardOutput ??= holdBack(openLineWriter(1))),
  )
}

let lastMs = 0
let lastMember = ''

/**
 * Returns the time as a member of a line. The text is cached, because many lines have the same
 * time, and formatting the time takes as long as the rest of a line.
 */
function timeMember(): string {
  const nowMs = Date.now()
  if (nowMs !== lastMs) {
    lastMs = nowMs
    lastMember = `,"time":"${new Date(nowMs).toISOString()}"`
  }
  return lastMember
}

const terminal: DestinationStream = { write: (line) => void process.stdout.write(toReadable(line)) }

// A process has one stdout, regardless of how many services it runs.
let standardOutput: DestinationStream | undefined

/** Makes pino pass the level of each line to the stream. */
const wantsLevel: unique symbol = Symbol.for('pino.metadata') as never

function holdBack(lines: LineWriter): DestinationStream {
  const stream = {
    [wantsLevel]: true,
    lastLevel: 0,
    write(line: string) {
      lines.write(line, stream.lastLevel >= warnSeverity)
    },
  }
  return stream
}

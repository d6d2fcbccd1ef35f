import { type DestinationStream, pino } from 'pino'
import type { Logger, LoggerOptions } from '../../kernel/log.ts'
import { type LineWriter, openLineWriter } from './line-writer.ts'
import { toReadable } from './readable-line.ts'

/** Options of {@link createProcessLog}. */
export interface ProcessLogOptions {
  /** The least level that is written. */
  readonly level: NonNullable<LoggerOptions['level']>
  /** Whether a person reads it as it is written, rather than a program. */
  readonly isForPeople: boolean
}

const warnSeverity = 40

/**
 * Makes the log of a process: pino, one JSON object a line, on stdout. Lines are held back for a tenth of a second at most; whatever
 * is a warning or worse is written at once with all before it, and so is the rest when the process ends, unless it is killed. A reader
 * that has gone away, or a disk that is full, fails nothing.
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

/** The time as a member of a line. Many lines have the same, and to write it takes as long as the rest of a line. */
function timeMember(): string {
  const nowMs = Date.now()
  if (nowMs !== lastMs) {
    lastMs = nowMs
    lastMember = `,"time":"${new Date(nowMs).toISOString()}"`
  }
  return lastMember
}

const terminal: DestinationStream = { write: (line) => void process.stdout.write(toReadable(line)) }

// A process has one stdout, however many services it runs.
let standardOutput: DestinationStream | undefined

/** Tells pino that the stream wants to know the level of each line. */
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

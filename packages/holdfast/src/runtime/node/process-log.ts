import { stripVTControlCharacters, styleText } from 'node:util'
import { type DestinationStream, pino } from 'pino'
import sonicBoom from 'sonic-boom'
import type { Logger, LoggerOptions } from '../../kernel/log.ts'

/** Options of {@link createProcessLog}. */
export interface ProcessLogOptions {
  /** The least level that is written. */
  readonly level: NonNullable<LoggerOptions['level']>
  /** Whether a person reads it as it is written, rather than a program. */
  readonly isForPeople: boolean
  /** The file descriptor that is written to. Default 1: stdout. */
  readonly fd?: number
}

// One system call for many lines: alone, each would cost more than the rest of a short call.
const batchLength = 16_384
const longestDelayMs = 100
// Beyond this much that nobody takes, lines are dropped: a reader that hangs must not fill the memory.
const mostBytes = 16 * 1_024 * 1_024

const warnSeverity = 40

/**
 * Makes the log of a process: pino, one JSON object a line. Lines are held back for a tenth of a second at most; whatever is a
 * warning or worse is written at once with all before it, and so is the rest when the process ends, unless it is killed. A reader that
 * has gone away, or a disk that is full, fails nothing.
 */
export function createProcessLog({ level, isForPeople, fd = 1 }: ProcessLogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: timeMember,
      formatters: { level: (label) => ({ level: label }) },
    },
    isForPeople ? terminal : fileOf(fd),
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

/** Tells pino that the stream wants to know the level of each line. */
const wantsLevel: unique symbol = Symbol.for('pino.metadata') as never

// A process has one stdout, however many services it runs.
const files = new Map<number, DestinationStream>()

function fileOf(fd: number): DestinationStream {
  const known = files.get(fd)
  if (known) return known
  const made = holdBack(openFile(fd))
  files.set(fd, made)
  return made
}

interface File {
  write(lines: string): void
  /** Writes what has not been taken yet, and waits for that. */
  flush(): void
}

/** Opens a file that says what becomes of lines that it cannot take. */
function openFile(fd: number): File {
  const file = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: mostBytes })
  let hasFailed = false
  file.on('error', (error: Error) => {
    if (!hasFailed) process.stderr.write(`The log cannot be written: ${error.message}\n`)
    hasFailed = true
  })
  let dropped = 0
  file.on('drop', (lines: string) => {
    dropped += lines.split('\n').length - 1
  })
  file.on('drain', () => {
    if (dropped > 0) process.stderr.write(`${dropped} lines of the log were dropped: nobody took them.\n`)
    dropped = 0
  })
  return {
    write(lines) {
      if (!hasFailed) file.write(lines)
    },
    flush() {
      if (!hasFailed) file.flushSync()
    },
  }
}

/** Hands lines to a file many at once. (By itself it would count the bytes of all that it holds anew with every line.) */
function holdBack(file: File): DestinationStream {
  let held = ''
  let timer: NodeJS.Timeout | undefined
  function release(): void {
    clearTimeout(timer)
    timer = undefined
    if (held === '') return
    const lines = held
    held = ''
    file.write(lines)
  }
  process.on('exit', () => {
    release()
    file.flush()
  })
  const stream = {
    [wantsLevel]: true,
    lastLevel: 0,
    write(line: string) {
      held += line
      if (stream.lastLevel >= warnSeverity || held.length >= batchLength) release()
      else timer ??= setTimeout(release, longestDelayMs).unref()
    },
  }
  return stream
}

const colors = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

// For programs, or said by the message already.
const leftOut = new Set(['traceId', 'spanId', 'method', 'route', 'status'])

/** A line as pino writes it. */
interface Line extends Record<string, unknown> {
  readonly level: keyof typeof colors
  readonly time: string
  readonly msg?: string
  readonly error?: LoggedError
}

/** An error in a line. */
interface LoggedError {
  readonly message?: string
  readonly stack?: string
  readonly cause?: LoggedError
}

/**
 * A line as a person reads it: the time of day, the level, the message, and then what else there is. An error stands below it, with
 * its stack and its causes.
 */
export function toReadable(line: string): string {
  const { level, time, msg, error, ...fields } = JSON.parse(line) as Line
  const shown = Object.entries(fields).filter(([name]) => !leftOut.has(name))
  const rest = shown.map(([name, value]) => ` ${styleText('dim', `${name}=`)}${toWord(value)}`)
  const head = `${styleText('dim', new Date(time).toTimeString().slice(0, 8))} ${styleText(colors[level], level.padEnd(5))}`
  // What somebody has sent must not be able to move the cursor of who reads it.
  return `${head} ${stripVTControlCharacters(msg ?? '')}${rest.join('')}\n${toStacks(error)}`
}

function toStacks(error: LoggedError | undefined): string {
  if (!error) return ''
  const stack = error.stack ?? error.message ?? JSON.stringify(error)
  const cause = error.cause ? `caused by: ${toStacks(error.cause)}` : ''
  return `${stripVTControlCharacters(stack)}\n${cause}`
}

function toWord(value: unknown): string {
  const isPlain = typeof value === 'string' && /^[^\s"=]+$/.test(value)
  const word = isPlain ? value : JSON.stringify(value)
  return stripVTControlCharacters(word)
}

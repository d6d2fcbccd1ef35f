import {
  type FormattedFields,
  jsonMembers,
  type Level,
  type LogArguments,
  type LogFields,
  type Logger,
  severity,
} from '../../../kernel/base/log.ts'
import type { LineWriter } from './line-writer.ts'

/**
 * Writes each line as one JSON object: the level, the time, the fields of the logger, the fields of
 * the line, the message. Warnings and errors are written immediately.
 *
 * The fields must be plain JSON, which `redactedLog` ensures.
 */
export class JsonLog implements Logger {
  readonly #least: Level
  readonly #lines: LineWriter
  /** The members of every line, each preceded by a comma. */
  readonly #members: string

  constructor(least: Level, lines: LineWriter, members = '') {
    this.#least = least
    this.#lines = lines
    this.#members = members
  }

  debug(...line: LogArguments): void {
    this.#write('debug', line)
  }

  info(...line: LogArguments): void {
    this.#write('info', line)
  }

  warn(...line: LogArguments): void {
    this.#write('warn', line)
  }

  error(...line: LogArguments): void {
    this.#write('error', line)
  }

  isLevelEnabled(level: Level): boolean {
    return severity[level] >= severity[this.#least]
  }

  child(fields: LogFields): Logger {
    return new JsonLog(this.#least, this.#lines, this.#members + toMembers(fields))
  }

  #write(level: Level, line: LogArguments): void {
    if (!this.isLevelEnabled(level)) return
    const [members, message] = line.length === 1 ? ['', line[0]] : [toMembers(line[0]), line[1]]
    this.#lines.write(
      `{"level":"${level}"${timeMember()}${this.#members}${members},"msg":${JSON.stringify(message)}}\n`,
      severity[level] >= severity.warn,
    )
  }
}

/** Returns fields as members of a JSON object, each preceded by a comma. */
function toMembers(fields: LogFields & FormattedFields): string {
  const formatted = fields[jsonMembers]?.()
  if (formatted !== undefined) return formatted
  const json = JSON.stringify(fields)
  return json === '{}' ? '' : `,${json.slice(1, -1)}`
}

let lastSecond = -1
let lastPrefix = ''

/**
 * Returns the time as a member of a line. The text up to the milliseconds is cached, because
 * formatting a time takes as long as the rest of a line.
 */
function timeMember(): string {
  const nowMs = Date.now()
  const ms = nowMs % 1_000
  const second = nowMs - ms
  if (second !== lastSecond) {
    lastSecond = second
    lastPrefix = `,"time":"${new Date(second).toISOString().slice(0, -'000Z'.length)}`
  }
  return `${lastPrefix}${ms < 100 ? '0' : ''}${ms < 10 ? '0' : ''}${ms}Z"`
}
